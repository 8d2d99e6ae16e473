using System.Collections.Immutable;
using Microsoft.Win32.SafeHandles;
using Sluice.Runtime;

namespace Sluice.Builds;

/// <summary>
/// One build's folder in DIR/builds, made and removed by the agent. What the sandbox may write belongs to the build's user; after the sandbox
/// is empty nothing in it moves any more, but its content is still a tenant's word: links are never followed, sizes are capped.
/// </summary>
/// <code>
/// ID/app               → /app         the source, then the slug     (build's user)
///    app/.build-cache                 the cache: in the same mount as the app, so that buildpacks can move folders over and not copy them
/// ID/env               → /env         one file per config var       (build's user, read-only inside)
/// ID/work              → /build       list: the buildpacks to use   (ours)
///    work/out                         what the driver reports       (build's user)
/// ID/tmp               → /tmp                                       (build's user)
/// </code>
/// <param name="discard">Takes a path out of sight at once, whatever names a tenant made in it; the framework cannot remove names that are not UTF-8.</param>
internal sealed class BuildFolder(DataFolder data, BuildId id, uint? owner, Action<string> discard) : IDisposable
{
    private const string CacheName = ".build-cache";
    private readonly string root = Path.Combine(data.Builds, id.Value.ToString("N"));

    public string App => Path.Combine(root, "app");
    public string CacheInApp => Path.Combine(App, CacheName);
    public string Cache => Path.Combine(root, "cache");
    public string CacheAgain => Path.Combine(root, "cache-again");
    private string Env => Path.Combine(root, "env");
    private string Work => Path.Combine(root, "work");
    private string Out => Path.Combine(Work, "out");
    private string Tmp => Path.Combine(root, "tmp");

    public void Make(BuildRun run)
    {
        discard(root);
        MakeFolder(root, 0b111_001_001);
        MakeFolder(Work, 0b111_101_101);
        foreach (var folder in (string[])[App, Env, Out, Tmp])
        {
            MakeFolder(folder, folder == App ? 0b111_101_101 : 0b111_000_000);
            Give(folder);
        }
        foreach (var (name, value) in run.Config)
            WriteVar(name, value);
        var list = Path.Combine(Work, "list");
        File.WriteAllLines(list, run.Buildpacks.Select(b => b.Line));
        File.SetUnixFileMode(list, (UnixFileMode)0b110_100_100);
    }

    public ImmutableArray<SandboxMount> Mounts(string packs) =>
    [
        new(App, "/app", Writable: true), new(Env, "/env", Writable: false), new(Work, "/build", Writable: true),
        new(Tmp, "/tmp", Writable: true), new(packs, "/buildpacks", Writable: false),
    ];

    /// <summary>Gives a path of ours to the build's user.</summary>
    public void Give(string path)
    {
        if (owner is { } uid)
            Libc.Check(Libc.chown(path, uid, uid), $"Giving {Path.GetFileName(path)} to the build's user");
    }

    /// <summary>What the driver reported under a name, at most <paramref name="limit"/> + 1 bytes; null when it is not there, a link or a folder; a pipe has nobody left to write to it.</summary>
    public byte[]? Report(string name, int limit)
    {
        var fd = Libc.open(Path.Combine(Out, name), Libc.O_RDONLY | Libc.O_NOFOLLOW | Libc.O_NONBLOCK | Libc.O_CLOEXEC, 0);
        if (fd < 0)
            return null;
        using var handle = new SafeFileHandle(fd, ownsHandle: true);
        if (File.GetAttributes(handle).HasFlag(FileAttributes.Directory))
            return null;
        var bytes = new byte[limit + 1];
        var length = 0;
        while (length < bytes.Length && RandomAccess.Read(handle, bytes.AsSpan(length), length) is var count and > 0)
            length += count;
        return bytes[..length];
    }

    /// <summary>Moves the cache out of the app's tree. Whatever else stands at its place is removed.</summary>
    public void TakeCacheOut()
    {
        if (IsFolder(CacheInApp))
            Directory.Move(CacheInApp, Cache);
        else
            File.Delete(CacheInApp);
    }

    public bool HasCache => IsFolder(Cache) && Directory.EnumerateFileSystemEntries(Cache).Any();

    /// <summary>Folders of the app that a buildpack wants kept as they are, by the <c>.linked</c> file in its cache: plain names of real folders at the top.</summary>
    public ImmutableArray<string> Linked()
    {
        var list = Path.Combine(Cache, ".linked");
        // A pipe exists and is short, too, and reading it would never end.
        if (!IsFolder(Cache) || new FileInfo(list) is not { Exists: true, LinkTarget: null, Length: > 0 and < 1024 })
            return [];
        var names = File.ReadAllLines(list).Select(l => l.Trim()).Distinct().Take(8)
            .Where(n => n.Length is > 0 and < 100 && n is not ("." or ".." or CacheName) && !n.Contains('/') && IsFolder(Path.Combine(App, n)))
            .ToImmutableArray();
        File.Delete(list);
        return names;
    }

    /// <summary>Moves a top folder between the app and a cache, replacing what has its name there.</summary>
    public void MoveFolder(string name, string from, string to)
    {
        var target = Path.Combine(to, name);
        discard(target);
        Directory.Move(Path.Combine(from, name), target);
    }

    /// <summary>Bytes and entries of everything here, as far as the limits, and what <paramref name="processes"/> hold of it after its names were removed.</summary>
    public bool IsTooLarge(long bytes, int files, IEnumerable<int> processes) => TreeSize.Passes(root, bytes - HeldFiles.Bytes(processes, root), files);

    public void Dispose() => discard(root);

    private void WriteVar(string name, string value)
    {
        var path = Path.Combine(Env, name);
        using (var file = new FileStream(path, new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite }))
            file.Write(System.Text.Encoding.UTF8.GetBytes(value));
        Give(path);
    }

    private static bool IsFolder(string path) => new DirectoryInfo(path) is { Exists: true, LinkTarget: null };

    // Set after the making: the agent's umask does not count.
    private static void MakeFolder(string path, int mode)
    {
        Directory.CreateDirectory(path);
        File.SetUnixFileMode(path, (UnixFileMode)mode);
    }
}
