using System.Collections.Concurrent;
using System.Runtime.ExceptionServices;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Sluice.Slugs;

/// <summary>
/// Turns a tree into objects and a list of entries. Two threads share a stack of folders; each opens a folder, lists it, and per file
/// opens, stats, reads, hashes, seals and renames it relative to that folder: no path is walked for a file, no link followed.
/// <list type="number">
/// <item>A file that is already an object of ours (a hard link from a cache) costs one stat.</item>
/// <item>A file with one name is moved into the store.</item>
/// <item>A file with more names is copied: another name could still be written by its owner.</item>
/// </list>
/// </summary>
internal sealed class TreeWalk(ObjectStore objects, SlugLimits limits, string root, CancellationToken ct)
{
    public const int BufferBytes = 256 * 1024;
    public const int Threads = 2;

    private readonly ConcurrentStack<byte[]> folders = new();
    private int open;   // folders pushed and not yet done
    private long bytes;
    private int files;

    /// <summary>What was found, in no order. The files are in the store, or left where they lie when the store has them.</summary>
    public async Task<List<SlugEntry>> TakeAsync()
    {
        using var top = Libc.OpenFolder(root);
        Push([]);
        var found = new List<SlugEntry>[Threads];
        await TwoThreads.RunAsync(i => found[i] = Work((int)top.DangerousGetHandle()));
        return [.. found.SelectMany(f => f)];
    }

    private void Push(byte[] path)
    {
        Interlocked.Increment(ref open);
        folders.Push(path);
    }

    private List<SlugEntry> Work(int top)
    {
        var buffer = GC.AllocateUninitializedArray<byte>(BufferBytes);
        var list = new FolderListing();
        var found = new List<SlugEntry>();
        var spin = default(SpinWait);
        try
        {
            while (Volatile.Read(ref open) > 0)
            {
                if (!folders.TryPop(out var path))
                {
                    spin.SpinOnce();
                    continue;
                }
                spin.Reset();
                ct.ThrowIfCancellationRequested();
                TakeFolder(top, path, list, buffer, found);
                Interlocked.Decrement(ref open);
            }
        }
        catch
        {
            Volatile.Write(ref open, int.MinValue / 2);   // the other thread stops at its next folder
            throw;
        }
        return found;
    }

    private unsafe void TakeFolder(int top, byte[] path, FolderListing list, byte[] buffer, List<SlugEntry> found)
    {
        var fd = top;
        if (path.Length > 0)
        {
            fixed (byte* name = Name.Terminated(path))
                fd = Libc.Check(Libc.OpenBelow(top, name, Libc.Folder | Libc.NoFollow, 0), Name.Show(path));
        }
        try
        {
            var empty = true;
            while (list.Read(fd, Name.Show(path)))
            {
                while (list.Next(out var entry))
                {
                    empty = false;
                    Take(fd, path, entry, buffer, found);
                }
            }
            if (empty && path.Length > 0)
                found.Add(new() { Kind = SlugEntryKind.Folder, Path = path });
        }
        finally
        {
            if (fd != top)
                Libc.close(fd);
        }
    }

    private unsafe void Take(int folder, byte[] parent, FolderListing.Entry entry, byte[] buffer, List<SlugEntry> found)
    {
        var path = Name.Join(parent, entry.Name);
        if (!Name.IsUtf8(entry.Name))
            throw Refuse.Invalid($"The name of a file is not UTF-8: {Name.Show(path)}. Rename it.");
        if (path.Length > SlugManifest.MaxPath)
            throw Refuse.Invalid($"The path of a file is longer than {SlugManifest.MaxPath} bytes: {Name.Show(path)}.");
        limits.CheckFiles(Interlocked.Increment(ref files));
        var name = entry.Pointer;
        if (entry.Kind == FolderListing.File)
        {
            found.Add(TakeFile(folder, name, path, entry.Inode, buffer));
            return;
        }
        var stat = ObjectStore.StatOf(folder, name) ?? throw Vanished(path);
        if (stat.IsFolder)
            Push(path);
        else if (stat.IsLink)
            found.Add(new() { Kind = SlugEntryKind.Link, Path = path, Target = TargetOf(folder, name, path) });
        else if (stat.IsFile)
            found.Add(TakeFile(folder, name, path, entry.Inode, buffer));
        else
            throw Refuse.Invalid($"Only files, folders and symbolic links can be in a slug, and {Name.Show(path)} is none of them. Remove it in your build.");
    }

    private unsafe SlugEntry TakeFile(int folder, byte* name, byte[] path, ulong inode, byte[] buffer)
    {
        if (objects.Index.Has(inode) && ObjectStore.StatOf(folder, name) is { } known && objects.IsObject(known, out var same))
            return Count(new() { Kind = SlugEntryKind.File, Path = path, Executable = same.Executable, Size = (long)known.Size, Hash = same.Hash });

        var file = Libc.openat(folder, name, Libc.ReadOnly | Libc.NoFollow | Libc.NonBlocking | Libc.CloseOnExec, 0);
        Libc.Check(file, Name.Show(path));
        try
        {
            Libc.Stat stat;
            byte none = 0;
            Libc.Check(Libc.statx(file, &none, Libc.EmptyPath, Libc.Stat.Basic, &stat), Name.Show(path));
            if (!stat.IsFile)
                throw Vanished(path);
            return TakeOpen(folder, name, path, file, stat, buffer);
        }
        finally
        {
            Libc.close(file);
        }
    }

    private unsafe SlugEntry TakeOpen(int folder, byte* name, byte[] path, int file, in Libc.Stat stat, byte[] buffer)
    {
        var entry = Count(new() { Kind = SlugEntryKind.File, Path = path, Executable = (stat.Mode & 0x40) != 0, Size = (long)stat.Size });
        if (!ContentReader.TryHash(file, entry.Size, buffer, out var hash))
            throw Vanished(path);
        entry = entry with { Hash = hash };
        if (!entry.HasObject)
            return entry;
        if (stat.Links == 1 && stat.Device == objects.Device)
            objects.Adopt(folder, name, file, stat, entry.Object);
        else
            objects.Copy(file, stat, entry.Object);
        return entry;
    }

    private SlugEntry Count(SlugEntry file)
    {
        limits.CheckBytes(Interlocked.Add(ref bytes, file.Size));
        return file;
    }

    private static unsafe byte[] TargetOf(int folder, byte* name, byte[] path)
    {
        var target = stackalloc byte[SlugManifest.MaxPath + 1];
        var length = Libc.readlinkat(folder, name, target, SlugManifest.MaxPath + 1);
        if (length < 0)
            throw Libc.Failed(Name.Show(path));
        var text = new ReadOnlySpan<byte>(target, (int)length);
        return SlugEntry.IsTarget(text) ? text.ToArray()
            : throw Refuse.Invalid($"The symbolic link {Name.Show(path)} leads to a name that is too long or not UTF-8. Remove it in your build.");
    }

    private static IOException Vanished(byte[] path) => new($"{Name.Show(path)} changed while the slug was made: something still writes to it.");
}

/// <summary>Runs one piece of work on two plain threads and waits for both; the first fault is thrown.</summary>
internal static class TwoThreads
{
    public static async Task RunAsync(Action<int> work)
    {
        var done = new TaskCompletionSource[TreeWalk.Threads];
        Exception? first = null;
        for (var i = 0; i < done.Length; i++)
        {
            var (index, end) = (i, done[i] = new(TaskCreationOptions.RunContinuationsAsynchronously));
            new Thread(() =>
            {
                try
                {
                    work(index);
                }
                catch (Exception e)
                {
                    Interlocked.CompareExchange(ref first, e, null);
                }
                end.SetResult();
            }) { IsBackground = true, Name = "slug" }.Start();
        }
        await Task.WhenAll(done.Select(d => d.Task));
        if (first is not null)
            ExceptionDispatchInfo.Throw(first);
    }
}
