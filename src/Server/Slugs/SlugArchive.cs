namespace Sluice.Slugs;

/// <summary>
/// Unpacks a tar. It is a stranger's: each name is checked against what was written so far, and written relative to the
/// target's descriptor with links refused by the kernel as well. The framework's own extraction can be led outside and is not used.
/// </summary>
internal sealed unsafe class SlugArchive
{
    private readonly Dictionary<byte[], SlugEntryKind> written = new(PathComparer.Instance);
    private readonly int top;
    private readonly SlugLimits limits;
    private long bytes;

    private SlugArchive(int top, SlugLimits limits) => (this.top, this.limits) = (top, limits);

    /// <summary>
    /// Unpacks into an empty folder and answers the folder of the tree: its <c>app</c> when everything is below that, as in Heroku's slugs.
    /// On a refusal the caller throws the folder away.
    /// </summary>
    public static string Unpack(Stream archive, string folder, SlugLimits limits, CancellationToken ct)
    {
        using var opened = Libc.OpenFolder(folder);
        var unpacking = new SlugArchive((int)opened.DangerousGetHandle(), limits);
        using var tar = new TarReading(archive, limits);
        while (tar.Next() is { } member)
        {
            ct.ThrowIfCancellationRequested();
            unpacking.Write(tar, member);
        }
        var app = unpacking.written.TryGetValue("app"u8.ToArray(), out var kind) && kind == SlugEntryKind.Folder
            && unpacking.written.Keys.All(p => p.AsSpan().SequenceEqual("app"u8) || p.AsSpan().StartsWith("app/"u8));
        return app ? Path.Combine(folder, "app") : folder;
    }

    private void Write(TarReading tar, TarMember member)
    {
        var path = PathOf(member);
        if (path.Length == 0)
            return;
        MakeFolders(Name.FolderOf(path));
        if (member.Type == TarMember.Folder)
        {
            MakeFolder(path);
            return;
        }
        if (!written.TryAdd(path, member.Type == TarMember.Link ? SlugEntryKind.Link : SlugEntryKind.File))
            throw Hostile(path, "comes twice");
        limits.CheckFiles(written.Count);
        if (member.Type == TarMember.Link)
            WriteLink(path, member.Target);
        else
            WriteFile(tar, path, member);
    }

    /// <summary>Where a member belongs, relative; empty for the top itself.</summary>
    private static byte[] PathOf(TarMember member)
    {
        var what = member.Type switch
        {
            TarMember.File or TarMember.Folder or TarMember.Link => null,
            TarMember.HardLink => "is a hard link",
            (byte)'3' or (byte)'4' => "is a device",
            (byte)'6' => "is a fifo",
            _ => $"is of a kind that no slug can hold (type {member.Type})",
        };
        if (what is not null)
            throw Hostile(member.Path, what);
        ReadOnlySpan<byte> path = member.Path;
        if (path.Length > SlugManifest.MaxPath)
            throw Hostile(path, $"is longer than {SlugManifest.MaxPath} bytes");
        if (path is [(byte)'/', ..])
            throw Hostile(path, "is an absolute path");
        while (path.StartsWith("./"u8))
            path = path[2..].TrimStart((byte)'/');
        path = member.Type == TarMember.Folder ? path.TrimEnd((byte)'/') : path;
        if (member.Type == TarMember.Folder && path is [] or [(byte)'.'])
            return [];
        foreach (var part in path.Split((byte)'/'))
        {
            if (path[part] is [(byte)'.', (byte)'.'])
                throw Hostile(member.Path, "leads out of its folder");
        }
        return SlugEntry.IsPath(path) ? path.ToArray() : throw Hostile(member.Path, "is no plain relative path in UTF-8");
    }

    private void MakeFolders(ReadOnlySpan<byte> path)
    {
        if (path.IsEmpty || (written.GetAlternateLookup<ReadOnlySpan<byte>>().TryGetValue(path, out var kind) && kind == SlugEntryKind.Folder))
            return;
        MakeFolders(Name.FolderOf(path));
        MakeFolder(path.ToArray());
    }

    private void MakeFolder(byte[] path)
    {
        if (!written.TryAdd(path, SlugEntryKind.Folder))
        {
            if (written[path] != SlugEntryKind.Folder)
                throw Hostile(path, written[path] == SlugEntryKind.Link ? "goes through a symbolic link" : "comes twice");
            return;
        }
        limits.CheckFiles(written.Count);
        In(path, (folder, leaf) => Libc.mkdirat(folder, leaf, 0x1ed));
    }

    private void WriteLink(byte[] path, byte[] target)
    {
        if (!SlugEntry.IsTarget(target))
            throw Hostile(path, "is a symbolic link to an empty, too long or odd name");
        var text = Name.Terminated(target);
        In(path, (folder, leaf) =>
        {
            fixed (byte* pointer = text)
                return Libc.symlinkat(pointer, folder, leaf);
        });
    }

    private void WriteFile(TarReading tar, byte[] path, TarMember member)
    {
        limits.CheckBytes(member.Size);
        limits.CheckBytes(bytes += member.Size);
        int fd;
        fixed (byte* name = Name.Terminated(path))
            fd = Libc.Check(Libc.OpenBelow(top, name, Libc.WriteOnly | Libc.Create | Libc.Exclusive | Libc.NoFollow, 0x180), Name.Show(path));
        try
        {
            var buffer = stackalloc byte[16 * 1024];
            for (int got; (got = tar.Read(new(buffer, 16 * 1024))) > 0;)
                WriteAll(fd, buffer, got, path);
            Libc.Check(Libc.fchmod(fd, (member.Mode & 0x40) != 0 ? 0x1edu : 0x1a4u), Name.Show(path));
        }
        finally
        {
            Libc.close(fd);
        }
    }

    private static void WriteAll(int fd, byte* buffer, nint count, byte[] path)
    {
        while (count > 0)
        {
            var done = Libc.write(fd, buffer, count);
            if (done < 0)
                throw Libc.Failed(Name.Show(path));
            buffer += done;
            count -= done;
        }
    }

    private delegate int InFolder(int folder, byte* leaf);

    /// <summary>Opens the parent without following anything and makes one entry in it.</summary>
    private void In(byte[] path, InFolder make)
    {
        var parent = Name.FolderOf(path);
        var fd = top;
        if (!parent.IsEmpty)
        {
            fixed (byte* name = Name.Terminated(parent))
                fd = Libc.Check(Libc.OpenBelow(top, name, Libc.Folder | Libc.NoFollow, 0), Name.Show(path));
        }
        try
        {
            fixed (byte* leaf = Name.Terminated(path.AsSpan(parent.IsEmpty ? 0 : parent.Length + 1)))
                Libc.Check(make(fd, leaf), Name.Show(path));
        }
        finally
        {
            if (fd != top)
                Libc.close(fd);
        }
    }

    private static RefusedException Hostile(ReadOnlySpan<byte> path, string what) =>
        Refuse.Invalid($"The archive was refused and nothing of it kept: {Name.Show(path)} {what}.");
}
