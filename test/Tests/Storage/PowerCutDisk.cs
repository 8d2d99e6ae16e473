using Sluice.Storage;

namespace Sluice.Tests.Storage;

/// <summary>
/// A disk in memory that loses, when the power goes before call number <paramref name="cutAt"/> (from 0), any part of what was not synced: bytes
/// of files not synced themselves, and names in folders not synced. <see cref="AfterThePowerCut"/> gives the disks that may come up again.
/// </summary>
internal sealed class PowerCutDisk(int cutAt = int.MaxValue) : Disk
{
    /// <summary>Up to so many changes that may be lost, each combination comes up; of more, as many combinations as of these.</summary>
    private const int MostPending = 6;

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

    public override bool Exists(string path) => names.ContainsKey(path);

    public override void Rename(string from, string to)
    {
        Call("rename");
        Change(new NameChange(Path.GetDirectoryName(to)!, from, to, names[from]));
    }

    public override void Link(string from, string to)
    {
        Call("link");
        if (names.ContainsKey(to))
            throw new IOException(to + " is there already.");
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

    public override void SyncFile(string path)
    {
        Call("sync");
        names[path].Durable = [.. names[path].Bytes];
    }

    public override void SyncFolder(string folder)
    {
        Call("sync folder");
        foreach (var change in pending.Where(c => c.Folder == folder))
            change.Apply(durableNames);
        pending.RemoveAll(c => c.Folder == folder);
    }

    /// <summary>Every combination of unsynced names kept or lost and, file by file, unsynced bytes lost, half there, there, or there as zeros. The next cut of each is before
    /// call number <paramref name="next"/> of its own.</summary>
    public IEnumerable<PowerCutDisk> AfterThePowerCut(int next = int.MaxValue)
    {
        var unsynced = names.Values.Concat(durableNames.Values).Concat(pending.Select(c => c.Inode)).Distinct().Where(i => i.Durable.Length < i.Bytes.Count).ToArray();
        var states = Enum.GetValues<Unsynced>().Length;
        var all = Math.Pow(2, pending.Count) * Math.Pow(states, unsynced.Length);
        var most = Math.Pow(2, MostPending) * states;
        var random = new Random(calls);
        for (var i = 0; i < Math.Min(all, most); i++)
        {
            var choice = all <= most ? i : random.NextInt64((long)all);
            yield return After(choice, unsynced, states, next);
        }
    }

    private PowerCutDisk After(long choice, Inode[] unsynced, int states, int next)
    {
        var disk = new PowerCutDisk(next);
        foreach (var (path, inode) in durableNames)
            disk.names[path] = inode;
        foreach (var change in pending)
        {
            if (choice % 2 == 1)
                change.Apply(disk.names);
            choice /= 2;
        }
        var left = new Dictionary<Inode, Inode>();
        foreach (var inode in unsynced)
        {
            left[inode] = inode.After((Unsynced)(choice % states));
            choice /= states;
        }
        foreach (var (path, inode) in disk.names.ToArray())
            disk.names[path] = disk.durableNames[path] = left.TryGetValue(inode, out var after) ? after : left[inode] = inode.After(Unsynced.There);
        return disk;
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
        Zeros,
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
                Unsynced.Zeros => [.. Durable, .. new byte[Bytes.Count - Durable.Length]],
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
