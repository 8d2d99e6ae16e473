using System.Security.Cryptography;
using Microsoft.Win32.SafeHandles;
using Sluice.Storage;

namespace Sluice.Slugs;

/// <summary>
/// File contents, once each, named by hash: <c>objects/ab/HASH</c> and <c>objects/ab/HASHx</c>, 0444 and 0555, owned by the store's user,
/// with a time that follows from the hash. An object never changes; it is linked into trees, and at most replaced by an equal copy with fresh links.
/// </summary>
internal sealed unsafe class ObjectStore : IDisposable
{
    private readonly string path;
    private readonly SafeFileHandle folder;
    private readonly Lock replacing = new();
    private readonly int links;
    private long copies;

    /// <param name="path">Folder of objects, made when missing.</param>
    /// <param name="links">Most links that an object gets before it is copied anew; the file system's own limit holds as well.</param>
    public ObjectStore(string path, int links)
    {
        this.path = path;
        this.links = links;
        var mode = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
        for (var i = 0; i < 256; i++)
            Directory.CreateDirectory(Path.Combine(path, i.ToString("x2")), mode);
        folder = Libc.OpenFolder(path);
        Device = StatOf(Fd, [0], Libc.EmptyPath)!.Value.Device;
        Load();
    }

    public ObjectIndex Index { get; } = new();

    /// <summary>The file system that objects, build trees and lay-outs must share.</summary>
    public ulong Device { get; }

    private int Fd => (int)folder.DangerousGetHandle();

    public void Dispose() => folder.Dispose();

    /// <summary>Everything written so far is on disk afterwards.</summary>
    public void Sync() => Libc.Check(Libc.syncfs(Fd), "syncing the slug store");

    /// <summary>True when this inode of a tree is one of our objects, untouched. A tenant can forge size and time of its own files, never the owner.</summary>
    public bool IsObject(in Libc.Stat stat, out ObjectName name) =>
        Index.TryUse(stat.Inode, out name) && stat.Uid == Libc.Uid && stat.Device == Device && stat.IsFile
        && stat.ModifiedSeconds == name.Seconds && stat.ModifiedNanoseconds == 0 && stat.Permissions == name.Mode;

    /// <summary>Makes an object of an open file that has exactly one name, by moving it. Nobody else may hold it open for writing.</summary>
    public void Adopt(int fromFolder, byte* fromName, int file, in Libc.Stat stat, ObjectName name)
    {
        Index.Use(name);
        Seal(file, stat, name);
        CrashGate.Pass("slug.put.object");
        var to = stackalloc byte[ObjectName.Length];
        name.Write(new(to, ObjectName.Length));
        if (Libc.renameat2(fromFolder, fromName, Fd, to, Libc.NoReplace) == 0)
            Index.Add(stat.Inode, name, verified: true);
        else if (Libc.Errno != Libc.EEXIST)
            throw Libc.Failed($"keeping object {name}");
    }

    /// <summary>Makes an object of an open file by copying it, unless it is there already.</summary>
    public void Copy(int file, in Libc.Stat stat, ObjectName name)
    {
        Index.Use(name);
        var to = stackalloc byte[ObjectName.Length];
        name.Write(new(to, ObjectName.Length));
        if (StatOf(Fd, to) is null)
            WriteCopy(file, (long)stat.Size, name, Libc.NoReplace);
    }

    /// <summary>Gives a tree a link to an object. The object is checked first: its size always, its bytes once in this process's life.</summary>
    /// <exception cref="InvalidDataException">The object is missing or damaged; a damaged one is set aside, so that the next put brings it anew.</exception>
    public void Link(SlugEntry entry, int toFolder, byte* toName, byte[] buffer)
    {
        var name = entry.Object;
        var from = stackalloc byte[ObjectName.Length];
        name.Write(new(from, ObjectName.Length));
        Index.Use(name);
        var stat = StatOf(Fd, from) ?? throw new InvalidDataException($"object {name} is missing");
        if ((long)stat.Size != entry.Size || stat.Permissions != name.Mode || stat.Uid != Libc.Uid
            || (!Index.IsVerified(stat.Inode, name) && !Verify(from, stat, name, buffer)))
        {
            SetAside(from, stat.Inode, name);
            throw new InvalidDataException($"object {name} is damaged");
        }
        if (stat.Links < links && Libc.linkat(Fd, from, toFolder, toName, 0) == 0)
            return;
        if (stat.Links < links && Libc.Errno != Libc.EMLINK)
            throw Libc.Failed($"linking {Name.Show(entry.Path)}");
        LinkAnew(entry, from, toFolder, toName);
    }

    /// <summary>As it was kept, as far as can be seen without reading it: its size, mode and owner.</summary>
    public bool LooksWhole(SlugEntry entry)
    {
        var from = stackalloc byte[ObjectName.Length];
        entry.Object.Write(new(from, ObjectName.Length));
        return StatOf(Fd, from) is { } stat && (long)stat.Size == entry.Size && stat.Permissions == entry.Object.Mode && stat.Uid == Libc.Uid;
    }

    /// <summary>Hashes an object as it is on disk; null when it is missing.</summary>
    public bool? Check(ObjectName name, byte[] buffer)
    {
        var from = stackalloc byte[ObjectName.Length];
        name.Write(new(from, ObjectName.Length));
        return StatOf(Fd, from) is { } stat ? Verify(from, stat, name, buffer) : null;
    }

    public SafeFileHandle Open(ObjectName name)
    {
        var from = stackalloc byte[ObjectName.Length];
        name.Write(new(from, ObjectName.Length));
        var file = Libc.openat(Fd, from, Libc.ReadOnly | Libc.NoFollow | Libc.CloseOnExec, 0);
        return new(Libc.Check(file, $"opening object {name}"), ownsHandle: true);
    }

    /// <summary>Removes what nobody marked; answers the bytes of it.</summary>
    public long Sweep(CancellationToken ct)
    {
        long freed = 0;
        Each((name, _) =>
        {
            ct.ThrowIfCancellationRequested();
            freed += RemoveUnmarked(name);
        });
        return freed;
    }

    /// <summary>After a crash in the middle of a put: bytes of what was renamed since may never have reached the disk, so look at them.</summary>
    public void CheckChangedSince(long unixSeconds)
    {
        var buffer = new byte[TreeWalk.BufferBytes];
        Each((name, _) =>
        {
            var file = stackalloc byte[ObjectName.Length];
            name.Write(new(file, ObjectName.Length));
            if (StatOf(Fd, file) is { } stat && stat.ChangedSeconds >= unixSeconds && !Verify(file, stat, name, buffer))
                SetAside(file, stat.Inode, name);
        });
    }

    private void Load() => Each((name, inode) => Index.Add(inode, name, verified: false));

    private void Each(Action<ObjectName, ulong> found)
    {
        var list = new FolderListing();
        for (var i = 0; i < 256; i++)
        {
            using var fan = Libc.OpenFolder(Path.Combine(path, i.ToString("x2")));
            var names = new List<(ObjectName Name, ulong Inode)>();
            while (list.Read((int)fan.DangerousGetHandle(), path))
            {
                while (list.Next(out var entry))
                {
                    if (ObjectName.TryParse(entry.Name, out var name))
                        names.Add((name, entry.Inode));
                }
            }
            foreach (var (name, inode) in names)
                found(name, inode);
        }
    }

    private long RemoveUnmarked(ObjectName name)
    {
        long freed = 0;
        var file = stackalloc byte[ObjectName.Length];
        name.Write(new(file, ObjectName.Length));
        if (StatOf(Fd, file) is not { } stat)
            return 0;
        var pointer = (nint)file;
        Index.RemoveUnmarked(stat.Inode, name, () =>
        {
            Libc.Check(Libc.unlinkat(Fd, (byte*)pointer, 0), $"removing object {name}");
            freed = (long)stat.Size;
        });
        return freed;
    }

    private bool Verify(byte* file, in Libc.Stat stat, ObjectName name, byte[] buffer)
    {
        var fd = Libc.Check(Libc.openat(Fd, file, Libc.ReadOnly | Libc.NoFollow | Libc.CloseOnExec, 0), $"reading object {name}");
        try
        {
            if (!ContentReader.TryHash(fd, (long)stat.Size, buffer, out var hash) || hash != name.Hash)
                return false;
        }
        finally
        {
            Libc.close(fd);
        }
        Index.SetVerified(stat.Inode, name);
        return true;
    }

    /// <summary>A damaged object leaves its name free; trees that link it keep their link.</summary>
    private void SetAside(byte* file, ulong inode, ObjectName name)
    {
        fixed (byte* aside = Sluice.Slugs.Name.Of($"damaged-{name}"))
        {
            Libc.Check(Libc.renameat2(Fd, file, Fd, aside, 0), $"setting aside object {name}");
        }
        Index.Drop(inode);
    }

    /// <summary>
    /// ext4 gives an inode 65,000 names. At the limit the object is copied and the copy takes its name; the old inode lives on in its trees.
    /// </summary>
    private void LinkAnew(SlugEntry entry, byte* from, int toFolder, byte* toName)
    {
        var name = entry.Object;
        lock (replacing)
        {
            var stat = StatOf(Fd, from) ?? throw new InvalidDataException($"object {name} is missing");
            if (stat.Links >= links || Libc.linkat(Fd, from, toFolder, toName, 0) < 0)
            {
                using var old = Open(name);
                WriteCopy((int)old.DangerousGetHandle(), (long)stat.Size, name, flags: 0);
                Index.Drop(stat.Inode);
                Libc.Check(Libc.linkat(Fd, from, toFolder, toName, 0), $"linking {Name.Show(entry.Path)}");
            }
        }
    }

    /// <summary>Writes a copy under a temporary name, hashes what it writes, and renames it to the object's name. With no flags it replaces, so it is synced before.</summary>
    private void WriteCopy(int file, long size, ObjectName name, uint flags)
    {
        fixed (byte* temporary = Sluice.Slugs.Name.Of($"copy-{Interlocked.Increment(ref copies)}"))
        {
            var to = stackalloc byte[ObjectName.Length];
            name.Write(new(to, ObjectName.Length));
            Libc.unlinkat(Fd, temporary, 0);
            var made = Libc.Check(Libc.openat(Fd, temporary, Libc.WriteOnly | Libc.Create | Libc.Exclusive | Libc.CloseOnExec, 0x180), $"copying object {name}");
            try
            {
                ContentReader.Copy(file, made, size, name);
                var stat = StatOf(made, [0], Libc.EmptyPath)!.Value;
                Seal(made, stat, name);
                if (flags == 0)
                    Libc.Check(Libc.fsync(made), $"syncing object {name}");
                CrashGate.Pass("slug.put.object");
                if (Libc.renameat2(Fd, temporary, Fd, to, flags) == 0)
                    Index.Add(stat.Inode, name, verified: true);
                else if (Libc.Errno == Libc.EEXIST)
                    Libc.unlinkat(Fd, temporary, 0);
                else
                    throw Libc.Failed($"keeping object {name}");
            }
            finally
            {
                Libc.close(made);
            }
        }
    }

    private static void Seal(int file, in Libc.Stat stat, ObjectName name)
    {
        if (stat.Uid != Libc.Uid || stat.Gid != Libc.Gid)
            Libc.Check(Libc.fchown(file, Libc.Uid, Libc.Gid), $"owning object {name}");
        Libc.Check(Libc.fchmod(file, name.Mode), $"sealing object {name}");
        var times = stackalloc Libc.Time[2];
        times[0].Seconds = times[1].Seconds = name.Seconds;
        Libc.Check(Libc.futimens(file, times), $"sealing object {name}");
    }

    private static Libc.Stat? StatOf(int folder, byte[] name, int flags)
    {
        fixed (byte* pointer = name)
            return StatOf(folder, pointer, flags);
    }

    public static Libc.Stat? StatOf(int folder, byte* name, int flags = Libc.SymlinkNoFollow)
    {
        Libc.Stat stat;
        if (Libc.statx(folder, name, flags, Libc.Stat.Basic, &stat) == 0)
            return stat;
        return Libc.Errno == Libc.ENOENT ? null : throw Libc.Failed("looking at a file of the slug store");
    }
}

/// <summary>Reads file contents through one buffer of the calling thread.</summary>
internal static unsafe class ContentReader
{
    /// <summary>False when the file is not <paramref name="size"/> bytes long.</summary>
    public static bool TryHash(int file, long size, byte[] buffer, out ContentHash hash)
    {
        hash = default;
        if (size <= buffer.Length)
        {
            var got = Fill(file, buffer);
            if (got != size || (got == buffer.Length && Fill(file, new byte[1]) > 0))
                return false;
            hash = ContentHash.Of(buffer.AsSpan(0, got));
            return true;
        }
        using var sha = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        long total = 0;
        for (int got; (got = Fill(file, buffer)) > 0; total += got)
            sha.AppendData(buffer, 0, got);
        Span<byte> bytes = stackalloc byte[32];
        sha.GetHashAndReset(bytes);
        hash = ContentHash.From(bytes);
        return total == size;
    }

    public static void Copy(int from, int to, long size, ObjectName name)
    {
        using var source = new FileStream(new SafeFileHandle(from, ownsHandle: false), FileAccess.Read, 0);
        using var target = new FileStream(new SafeFileHandle(to, ownsHandle: false), FileAccess.Write, 0);
        using var sha = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        source.Position = 0;
        var buffer = new byte[128 * 1024];
        for (int got; (got = source.Read(buffer)) > 0;)
        {
            sha.AppendData(buffer, 0, got);
            target.Write(buffer, 0, got);
        }
        if (target.Position != size || ContentHash.From(sha.GetHashAndReset()) != name.Hash)
            throw new IOException($"Object {name} changed while it was copied.");
    }

    /// <summary>Reads until the buffer is full or the file ends.</summary>
    private static int Fill(int file, byte[] buffer)
    {
        var filled = 0;
        fixed (byte* start = buffer)
        {
            while (filled < buffer.Length)
            {
                var got = Libc.read(file, start + filled, buffer.Length - filled);
                if (got < 0)
                    throw Libc.Failed("reading a file");
                if (got == 0)
                    break;
                filled += (int)got;
            }
        }
        return filled;
    }
}
