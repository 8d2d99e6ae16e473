using Sluice.Storage;

namespace Sluice.Tests.Storage;

/// <summary>
/// A disk in memory that loses, when the power goes before call number <paramref name="cutAt"/> (from 0), any part of what was not synced: bytes
/// of files not synced themselves, and names in folders not synced. <see cref="AfterThePowerCut"/> gives every disk that may come up again.
/// </summary>
internal sealed class PowerCutDisk(int cutAt = int.MaxValue) : Disk
{
    private readonly Dictionary<string, Inode> names = [];
    private readonly Dictionary<string, Inode> durableNames = [];
    private readonly List<NameChange> pending = [];
    private int calls;

    /// <summary>What was called, in order.</summary>
    public List<string> Calls { get; } = [];

    public override DiskFile Create(string path, UnixFileMode mode)
    {
        Call("create");
        if (names.ContainsKey(path))
            throw new IOException(path + " is there already.");
        var inode = new Inode();
        Change(new NameChange(Path.GetDirectoryName(path)!, null, path, inode));
        return new OpenFile(this, inode);
    }

    public override byte[]? Read(string path) => names.TryGetValue(path, out var inode) ? [.. inode.Bytes] : null;

    public override void Rename(string from, string to)
    {
        Call("rename");
        Change(new NameChange(Path.GetDirectoryName(to)!, from, to, names[from]));
    }

    public override void Link(string from, string to)
    {
        Call("link");
        Change(new NameChange(Path.GetDirectoryName(to)!, null, to, names[from]));
    }

    public override void Unlink(string path)
    {
        Call("unlink");
        if (names.TryGetValue(path, out var inode))
            Change(new NameChange(Path.GetDirectoryName(path)!, path, null, inode));
    }

    public override IReadOnlyList<string> List(string folder) =>
        [.. names.Keys.Where(p => Path.GetDirectoryName(p) == folder).Select(p => Path.GetFileName(p)!)];

    public override void SyncFolder(string folder)
    {
        Call("sync folder");
        foreach (var change in pending.Where(c => c.Folder == folder))
            change.Apply(durableNames);
        pending.RemoveAll(c => c.Folder == folder);
    }

    /// <summary>Every combination of unsynced names kept or lost, with unsynced bytes lost, half there or all there.</summary>
    public IEnumerable<PowerCutDisk> AfterThePowerCut()
    {
        for (var kept = 0; kept < 1 << pending.Count; kept++)
        {
            foreach (var bytes in Enum.GetValues<Unsynced>())
            {
                var disk = new PowerCutDisk();
                foreach (var (path, inode) in durableNames)
                    disk.names[path] = inode;
                for (var i = 0; i < pending.Count; i++)
                {
                    if ((kept & (1 << i)) != 0)
                        pending[i].Apply(disk.names);
                }
                foreach (var path in disk.names.Keys.ToArray())
                    disk.names[path] = disk.durableNames[path] = disk.names[path].After(bytes);
                yield return disk;
            }
        }
    }

    private void Call(string what)
    {
        if (calls++ >= cutAt)
            throw new PowerCutException();
        Calls.Add(what);
    }

    private void Change(NameChange change)
    {
        change.Apply(names);
        pending.Add(change);
    }

    private enum Unsynced
    {
        Lost,
        Half,
        There,
    }

    private sealed class Inode
    {
        public List<byte> Bytes { get; private init; } = [];

        public byte[] Durable { get; set; } = [];

        public Inode After(Unsynced unsynced)
        {
            byte[] bytes = unsynced switch
            {
                Unsynced.Lost => Durable,
                Unsynced.Half => [.. Bytes.Take(Math.Max(Durable.Length, Bytes.Count / 2))],
                _ => [.. Bytes],
            };
            return new Inode { Bytes = [.. bytes], Durable = bytes };
        }
    }

    private sealed record NameChange(string Folder, string? Gone, string? Come, Inode Inode)
    {
        public void Apply(Dictionary<string, Inode> names)
        {
            if (Gone is not null)
                names.Remove(Gone);
            if (Come is not null)
                names[Come] = Inode;
        }
    }

    private sealed class OpenFile(PowerCutDisk disk, Inode inode) : DiskFile
    {
        public override void Write(ReadOnlySpan<byte> bytes)
        {
            disk.Call("write");
            inode.Bytes.AddRange(bytes);
        }

        public override void Sync()
        {
            disk.Call("sync");
            inode.Durable = [.. inode.Bytes];
        }

        public override void Dispose()
        {
        }
    }
}

internal sealed class PowerCutException : Exception;
