namespace Sluice.Slugs;

/// <summary>
/// Makes a manifest's tree in an empty folder, files as hard links to objects. All folders first, then two threads take whole folders: each is
/// opened once and its entries made by name.
/// </summary>
internal sealed class TreeLayOut(ObjectStore objects, SlugManifest manifest, string root)
{
    /// <summary>Who owns folders, links and empty files, and the mode of folders.</summary>
    public required uint Owner { get; init; }
    public required uint FolderMode { get; init; }

    /// <exception cref="InvalidDataException">An object is missing or damaged.</exception>
    public async Task MakeAsync(CancellationToken ct)
    {
        using var top = Libc.OpenFolder(root);
        var fd = (int)top.DangerousGetHandle();
        var folders = MakeFolders(fd);
        var next = -1;
        await TwoThreads.RunAsync(_ =>
        {
            var buffer = GC.AllocateUninitializedArray<byte>(TreeWalk.BufferBytes);
            for (int i; (i = Interlocked.Increment(ref next)) < folders.Count;)
            {
                if (ct.IsCancellationRequested)
                    Volatile.Write(ref next, folders.Count);
                ct.ThrowIfCancellationRequested();
                try
                {
                    Fill(fd, folders[i], buffer);
                }
                catch
                {
                    Volatile.Write(ref next, folders.Count);   // the other thread stops at its next folder
                    throw;
                }
            }
        });
    }

    private sealed record Folder(byte[] Path, List<SlugEntry> Entries);

    /// <summary>Parents come before their children: a path sorts after each of its own beginnings.</summary>
    private unsafe List<Folder> MakeFolders(int top)
    {
        var made = new Dictionary<byte[], Folder>(PathComparer.Instance);
        var known = made.GetAlternateLookup<ReadOnlySpan<byte>>();
        var all = new List<Folder>();
        Folder last = Add([]);
        foreach (var entry in manifest.Entries)
        {
            var parent = Name.FolderOf(entry.Path);
            if (!parent.SequenceEqual(last.Path))
                last = Ensure(parent);
            if (entry.Kind == SlugEntryKind.Folder)
                Ensure(entry.Path);
            else
                last.Entries.Add(entry);
        }
        return all;

        Folder Ensure(ReadOnlySpan<byte> path)
        {
            if (known.TryGetValue(path, out var folder))
                return folder;
            Ensure(Name.FolderOf(path));
            fixed (byte* name = Name.Terminated(path))
                Libc.Check(Libc.mkdirat(top, name, 0x1c0), Name.Show(path));
            return Add(path.ToArray());
        }

        Folder Add(byte[] path)
        {
            var folder = new Folder(path, []);
            made.Add(path, folder);
            all.Add(folder);
            return folder;
        }
    }

    private unsafe void Fill(int top, Folder folder, byte[] buffer)
    {
        var fd = top;
        if (folder.Path.Length > 0)
        {
            fixed (byte* name = Name.Terminated(folder.Path))
                fd = Libc.Check(Libc.OpenBelow(top, name, Libc.Folder | Libc.NoFollow, 0), Name.Show(folder.Path));
        }
        try
        {
            var at = folder.Path.Length == 0 ? 0 : folder.Path.Length + 1;
            Span<byte> leaf = stackalloc byte[256];
            foreach (var entry in folder.Entries)
            {
                entry.Path.AsSpan(at).CopyTo(leaf);
                leaf[entry.Path.Length - at] = 0;
                fixed (byte* name = leaf)
                    Make(entry, fd, name, buffer);
            }
            Own(fd, FolderMode, folder.Path);
        }
        finally
        {
            if (fd != top)
                Libc.close(fd);
        }
    }

    private unsafe void Make(SlugEntry entry, int folder, byte* name, byte[] buffer)
    {
        if (entry.HasObject)
        {
            objects.Link(entry, folder, name, buffer);
        }
        else if (entry.Kind == SlugEntryKind.Link)
        {
            fixed (byte* target = Name.Terminated(entry.Target))
                Libc.Check(Libc.symlinkat(target, folder, name), Name.Show(entry.Path));
            if (Owner != Libc.Uid)
                Libc.Check(Libc.fchownat(folder, name, Owner, Owner, Libc.SymlinkNoFollow), Name.Show(entry.Path));
        }
        else
        {
            var file = Libc.openat(folder, name, Libc.WriteOnly | Libc.Create | Libc.Exclusive | Libc.CloseOnExec, 0x180);
            Libc.Check(file, Name.Show(entry.Path));
            try
            {
                Own(file, entry.Executable ? 0x1edu : 0x1a4u, entry.Path);   // 0755, 0644
            }
            finally
            {
                Libc.close(file);
            }
        }
    }

    private void Own(int fd, uint mode, byte[] path)
    {
        if (Owner != Libc.Uid)
            Libc.Check(Libc.fchown(fd, Owner, Owner), Name.Show(path));
        Libc.Check(Libc.fchmod(fd, mode), Name.Show(path));
    }
}
