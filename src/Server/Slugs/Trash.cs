using System.Threading.Channels;
using Microsoft.Win32.SafeHandles;

namespace Sluice.Slugs;

/// <summary>Removing a big tree is slow and seeks, so it is renamed aside at once and deleted in the background, one at a time. A start clears what a kill left.</summary>
internal sealed class Trash : IDisposable
{
    private readonly string folder;
    private readonly Channel<string> waiting = Channel.CreateUnbounded<string>(new() { SingleReader = true });
    private readonly CancellationTokenSource stopping = new();

    public Trash(string folder)
    {
        this.folder = folder;
        Directory.CreateDirectory(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        foreach (var left in Directory.EnumerateFileSystemEntries(folder))
            waiting.Writer.TryWrite(left);
        Emptied = Task.Factory.StartNew(EmptyAsync, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default).Unwrap();
    }

    private Task Emptied { get; }

    /// <summary>Takes a file or folder out of sight; no error when it is not there.</summary>
    public void Discard(string path)
    {
        var aside = Path.Combine(folder, Guid.NewGuid().ToString("N"));
        if (!Moved(path, aside))
            return;
        waiting.Writer.TryWrite(aside);
    }

    private static unsafe bool Moved(string path, string aside)
    {
        fixed (byte* from = Name.Of(path), to = Name.Of(aside))
        {
            if (Libc.renameat2(Libc.CurrentFolder, from, Libc.CurrentFolder, to, Libc.NoReplace) == 0)
                return true;
            return Libc.Errno == Libc.ENOENT ? false : throw Libc.Failed($"removing {path}");
        }
    }

    public void Dispose()
    {
        stopping.Cancel();
        waiting.Writer.TryComplete();
    }

    private async Task EmptyAsync()
    {
        try
        {
            await foreach (var path in waiting.Reader.ReadAllAsync(stopping.Token))
                Delete(path);
        }
        catch (OperationCanceledException)
        {
            // What is left is cleared by the next start.
        }
    }

    private void Delete(string path)
    {
        try
        {
            using var top = Libc.OpenFolder(folder);
            Remove((int)top.DangerousGetHandle(), Name.Of(Path.GetFileName(path)), 0);
        }
        catch (IOException)
        {
            // Out of sight already, and the next start tries again.
        }
    }

    /// <summary>By descriptors, so that no link leads out. What lies very deep is first renamed to the top: a tree may be deeper than any path.</summary>
    private unsafe void Remove(int parent, byte[] name, int depth)
    {
        fixed (byte* pointer = name)
        {
            if (Libc.unlinkat(parent, pointer, 0) == 0 || Libc.Errno == Libc.ENOENT)
                return;
            if (depth > 100)
            {
                RaiseToTop(parent, pointer);
                return;
            }
            using var fd = OpenForRemoval(parent, pointer);
            foreach (var child in Children((int)fd.DangerousGetHandle()))
                Remove((int)fd.DangerousGetHandle(), child, depth + 1);
            Libc.Check(Libc.unlinkat(parent, pointer, Libc.RemoveFolder), "removing a folder");
        }
    }

    private unsafe void RaiseToTop(int parent, byte* name)
    {
        var aside = Path.Combine(folder, Guid.NewGuid().ToString("N"));
        fixed (byte* to = Name.Of(aside))
            Libc.Check(Libc.renameat2(parent, name, Libc.CurrentFolder, to, 0), "removing a folder");
        waiting.Writer.TryWrite(aside);
    }

    private static unsafe SafeFileHandle OpenForRemoval(int parent, byte* name)
    {
        var flags = Libc.Folder | Libc.NoFollow | Libc.CloseOnExec;
        var fd = Libc.openat(parent, name, flags, 0);
        if (fd < 0 && Libc.fchmodat(parent, name, 0x1c0, 0) == 0)   // without root, its owner may have closed it
            fd = Libc.openat(parent, name, flags, 0);
        return new(Libc.Check(fd, "removing a folder"), ownsHandle: true);
    }

    private static List<byte[]> Children(int fd)
    {
        var list = new FolderListing();
        var names = new List<byte[]>();
        while (list.Read(fd, "removing a folder"))
        {
            while (list.Next(out var entry))
                names.Add(Name.Terminated(entry.Name));
        }
        return names;
    }
}
