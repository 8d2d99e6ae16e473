namespace Sluice.Storage;

/// <summary>
/// The file system as far as durability goes. A change is only sure to survive a power cut after the sync that belongs to it: of the file
/// for its bytes, of the folder for its names. The seam exists so that a test can cut the power between any two calls.
/// </summary>
public abstract class Disk
{
    /// <summary>Makes a new file for writing; throws <see cref="IOException"/> when the name is taken.</summary>
    public abstract DiskFile Create(string path, UnixFileMode mode);

    /// <summary>Null when there is no such file.</summary>
    public abstract byte[]? Read(string path);

    public abstract bool Exists(string path);

    /// <summary>Replaces what <paramref name="to"/> named, in one step.</summary>
    public abstract void Rename(string from, string to);

    /// <summary>A second name for the same file.</summary>
    public abstract void Link(string from, string to);

    /// <summary>Removes a name; nothing happens when it is not there.</summary>
    public abstract void Unlink(string path);

    /// <summary>Names (not paths) in a folder, in no order; empty when there is no such folder.</summary>
    public abstract IReadOnlyList<string> List(string folder);

    /// <summary>Makes the bytes of a file durable that was written before.</summary>
    public abstract void SyncFile(string path);

    /// <summary>Makes the names in a folder durable: what was created, renamed, linked and removed there.</summary>
    public abstract void SyncFolder(string folder);

    /// <summary>
    /// Makes <paramref name="path"/> hold exactly these bytes, durably when it returns; at any moment before, a reader (or the machine after a power
    /// cut) sees the old file or the new one, never a part. Safe to repeat. Steps: temp file in the same folder → sync → rename → sync folder.
    /// </summary>
    public void Publish(string path, ReadOnlySpan<byte> bytes, UnixFileMode mode)
    {
        var folder = Path.GetDirectoryName(path)!;
        var temp = Path.Combine(folder, $".{Path.GetFileName(path)}.{Guid.NewGuid():n}.tmp");
        try
        {
            using (var file = Create(temp, mode))
            {
                file.Write(bytes);
                CrashGate.Pass("publish.written");
                file.Sync();
            }
            CrashGate.Pass("publish.synced");
            Rename(temp, path);
        }
        catch (IOException)
        {
            Unlink(temp);
            throw;
        }
        CrashGate.Pass("publish.renamed");
        SyncFolder(folder);
        CrashGate.Pass("publish.done");
    }
}

/// <summary>A file open for writing. Closing it promises nothing: <see cref="Sync"/> does.</summary>
public abstract class DiskFile : IDisposable
{
    public abstract void Write(ReadOnlySpan<byte> bytes);

    /// <summary>Returns when the bytes are on the disk.</summary>
    public abstract void Sync();

    public abstract void Dispose();
}
