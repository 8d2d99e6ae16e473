using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Sluice.Storage;

/// <summary>The machine's own file system.</summary>
public sealed partial class RealDisk : Disk
{
    private const int CloseOnExec = 0x80000, ReadOnlyFolder = 0x10000 | CloseOnExec;   // O_CLOEXEC; with O_DIRECTORY

    public override DiskFile Create(string path, UnixFileMode mode)
    {
        var file = new RealFile(File.OpenHandle(path, FileMode.CreateNew, FileAccess.Write, FileShare.None));
        File.SetUnixFileMode(path, mode);   // not at creation: there the umask would take bits away
        return file;
    }

    public override byte[]? Read(string path) => File.Exists(path) ? File.ReadAllBytes(path) : null;

    public override bool Exists(string path) => File.Exists(path);

    public override void Rename(string from, string to) => File.Move(from, to, overwrite: true);

    public override void Link(string from, string to) => Check(link(from, to), $"link {to}");

    public override void Unlink(string path) => File.Delete(path);

    public override IReadOnlyList<string> List(string folder) =>
        Directory.Exists(folder) ? [.. Directory.EnumerateFileSystemEntries(folder).Select(p => Path.GetFileName(p))] : [];

    public override void SyncFile(string path) => Sync(path, CloseOnExec);

    public override void SyncFolder(string folder) => Sync(folder, FolderFlags);

    private static void Sync(string path, int flags)
    {
        var fd = open(path, flags);
        Check(fd, $"open {path}");
        try
        {
            Check(fsync(fd), $"sync {path}");
        }
        finally
        {
            _ = close(fd);
        }
    }

    /// <summary>O_DIRECTORY has another number on ARM.</summary>
    private static int FolderFlags =>
        RuntimeInformation.ProcessArchitecture is Architecture.Arm64 or Architecture.Arm ? 0x4000 | 0x80000 : ReadOnlyFolder;

    private static void Check(int result, string what)
    {
        if (result < 0)
            throw new IOException($"Could not {what}: {Marshal.GetLastPInvokeErrorMessage()}.");
    }

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int link(string from, string to);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int open(string path, int flags);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int fsync(int fd);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int close(int fd);

    private sealed class RealFile(SafeFileHandle handle) : DiskFile
    {
        private long at;

        public override void Write(ReadOnlySpan<byte> bytes)
        {
            RandomAccess.Write(handle, bytes, at);
            at += bytes.Length;
        }

        public override void Sync() => RandomAccess.FlushToDisk(handle);

        public override void Dispose() => handle.Dispose();
    }
}
