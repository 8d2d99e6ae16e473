using System.Collections.Concurrent;
using System.Collections.Immutable;
using Sluice.Storage;

namespace Sluice.Slugs;

/// <summary>
/// Slugs on disk, content-addressed: manifests named by digest, objects by the SHA-256 of their bytes and their executable bit. Lives in the agent. Every
/// method may be repeated; a kill between any two steps leaves the whole slug or none.
/// <code>
/// slugs/objects/ab/HASH[x]   contents          slugs/unsynced/ID   a put is under way: after a crash, look at what it touched
/// slugs/manifests/DIGEST     what is in what    slugs/tmp, trash    of no worth after a crash
/// layouts/DIGEST             trees of links     caches/NAME         manifest of a build cache
/// </code>
/// Build trees, caches and lay-outs lie on one file system. One store per folder: the agent's. Without root everything belongs to one user, so
/// tenants that can write as that user are trusted not to forge an object's time and mode; with root nobody can.
/// </summary>
public sealed class SlugStore : IDisposable
{
    private const UnixFileMode Private = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    private readonly DataFolder data;
    private readonly TimeProvider clock;
    private readonly Disk disk = new RealDisk();
    private readonly Lazy<ObjectStore> opened;
    private readonly Lazy<Trash> trash;
    private readonly StoreUse use = new();
    private readonly Lock publishing = new();
    private readonly SemaphoreSlim collecting = new(1, 1);
    private readonly ConcurrentDictionary<string, SemaphoreSlim> making = new();

    public SlugStore(DataFolder data, TimeProvider? clock = null)
    {
        this.data = data;
        this.clock = clock ?? TimeProvider.System;
        opened = new(Open);
        trash = new(() =>
        {
            Directory.CreateDirectory(data.Slugs, Private);
            return new(Below("trash"));
        });
    }

    /// <summary>A slug that nobody keeps stays this long, since its row may be on its way.</summary>
    public TimeSpan Grace { get; init; } = TimeSpan.FromHours(24);

    /// <summary>Most hard links to one object; below the 65,000 of ext4. Tests lower it.</summary>
    internal int LinkLimit { get; init; } = 64_000;

    private ObjectStore Objects => opened.Value;

    public void Dispose()
    {
        if (opened.IsValueCreated)
            opened.Value.Dispose();
        if (trash.IsValueCreated)
            trash.Value.Dispose();
        collecting.Dispose();
    }

    /// <summary>Makes a slug of a tree by hashing each file and renaming it into the store (the tree is used up). No process may still hold files of it open.</summary>
    /// <exception cref="RefusedException">Too large, too many files, or a name or kind of file that no slug can hold.</exception>
    public Task<SlugMade> PutAsync(string tree, string stack, CancellationToken ct) => PutAsync(tree, stack, SlugLimits.Default, ct);

    internal async Task<SlugMade> PutAsync(string tree, string stack, SlugLimits limits, CancellationToken ct)
    {
        using var visit = use.Enter();
        var manifest = await TakeAsync(tree, stack, limits, ct);
        var text = manifest.Format();
        var digest = SlugDigest.Of(text);
        Publish(text, ManifestPath(digest));
        trash.Value.Discard(tree);
        return new(digest, manifest.Bytes, manifest.Files);
    }

    /// <summary>Makes a slug of an uploaded tar, plain or gzip, by walking it ourselves; every hostile name is refused and nothing written.</summary>
    internal async Task<SlugMade> ImportAsync(Stream archive, string stack, SlugLimits limits, CancellationToken ct)
    {
        _ = Objects;
        var folder = Path.Combine(Below("tmp"), Guid.NewGuid().ToString("N"));
        try
        {
            Directory.CreateDirectory(folder, Private);
            var top = await Task.Run(() => SlugArchive.Unpack(archive, folder, limits, ct), ct);
            return await PutAsync(top, stack, limits, ct);
        }
        finally
        {
            trash.Value.Discard(folder);
        }
    }

    /// <summary>The slug as a gzipped tar with files under <c>./app/</c>, always the same bytes for the same slug.</summary>
    public async Task ExportAsync(SlugDigest slug, Stream output, CancellationToken ct)
    {
        using var visit = use.Enter();
        await SlugExport.PackAsync(Manifest(slug), Objects, output, ct);
    }

    /// <summary>Path of the read-only tree of hard links, made on first use once per host. Verified against the manifest when it is made.</summary>
    public async Task<string> LayOutAsync(SlugDigest slug, CancellationToken ct)
    {
        var path = Path.Combine(data.LayOuts, slug.Hex);
        if (Directory.Exists(path))
            return path;
        using var visit = use.Enter();
        using var turn = await TurnAsync(slug.Hex, ct);
        if (Directory.Exists(path))
            return path;
        var temporary = Path.Combine(data.LayOuts, ".tmp-" + Guid.NewGuid().ToString("N"));
        try
        {
            var layOut = new TreeLayOut(Objects, Manifest(slug), temporary) { Owner = Libc.Uid, FolderMode = 0x1ff };
            Directory.CreateDirectory(data.LayOuts, Private);
            Directory.CreateDirectory(temporary, Private);
            await layOut.MakeAsync(ct);
            CrashGate.Pass("slug.layout.made");
            // Without a sync: the file system's journal keeps the order, so a power cut that shows the name shows all that is below it.
            Directory.Move(temporary, path);
            CrashGate.Pass("slug.layout.published");
        }
        catch (InvalidDataException e)
        {
            throw Damaged(slug, e);
        }
        finally
        {
            trash.Value.Discard(temporary);
        }
        return path;
    }

    /// <summary>Takes a tree on this file system out of sight at once and deletes it in the background, whatever names are in it. No error when there is none.</summary>
    public void Discard(string tree) => trash.Value.Discard(tree);

    /// <summary>Takes a lay-out away; whoever runs it must be gone. No error when there is none.</summary>
    public Task RemoveLayOutAsync(SlugDigest slug, CancellationToken ct)
    {
        ct.ThrowIfCancellationRequested();
        _ = Objects;
        trash.Value.Discard(Path.Combine(data.LayOuts, slug.Hex));
        return Task.CompletedTask;
    }

    /// <summary>Keeps a folder (a build cache) as hard links to store objects under a name, replacing what was there; the folder is used up.</summary>
    public async Task KeepCacheAsync(string name, string folder, uint owner, CancellationToken ct)
    {
        using var visit = use.Enter();
        using var turn = await TurnAsync("cache " + name, ct);
        var manifest = await TakeAsync(folder, "cache", SlugLimits.Default, ct);
        Publish(manifest.Format(), CachePath(name), replace: true);
        trash.Value.Discard(folder);
    }

    /// <summary>
    /// Lays a kept cache out into <paramref name="folder"/> as hard links, folders owned by <paramref name="owner"/>; empty when there is none.
    /// A file of it can be replaced by its owner but not written into. A damaged cache is dropped: it is only a cache.
    /// </summary>
    public async Task LayOutCacheAsync(string name, string folder, uint owner, CancellationToken ct)
    {
        using var visit = use.Enter();
        using var turn = await TurnAsync("cache " + name, ct);
        var kept = CachePath(name);
        var objects = Objects;
        var manifest = await ReadAsync(kept, ct) ?? SlugManifest.Of("cache", []);
        try
        {
            await LayOutCacheAsync(objects, manifest, folder, owner, ct);
        }
        catch (InvalidDataException)
        {
            trash.Value.Discard(kept);
            trash.Value.Discard(folder);
            await LayOutCacheAsync(objects, SlugManifest.Of("cache", []), folder, owner, ct);
        }
    }

    /// <summary>Forgets a cache; its contents go with the next collection.</summary>
    public async Task DropCacheAsync(string name, CancellationToken ct)
    {
        _ = Objects;
        using var turn = await TurnAsync("cache " + name, ct);
        trash.Value.Discard(CachePath(name));
    }

    /// <summary>Canonical manifest text; null when the store lacks that slug.</summary>
    public async Task<string?> ManifestAsync(SlugDigest slug, CancellationToken ct) =>
        File.Exists(ManifestPath(slug)) ? await File.ReadAllTextAsync(ManifestPath(slug), ct) : null;

    /// <summary>What going from one slug to another adds, removes and changes.</summary>
    public async Task<SlugComparison> CompareAsync(SlugDigest before, SlugDigest after, CancellationToken ct) =>
        await Task.Run(() => SlugComparison.Of(Manifest(before), Manifest(after)), ct);

    /// <summary>Hashes every object of a slug as it is on disk now. The answer names the damaged paths, at most 100; empty when all is well.</summary>
    public async Task<ImmutableArray<string>> VerifyAsync(SlugDigest slug, CancellationToken ct)
    {
        using var visit = use.Enter();
        return await Task.Run(() => SlugInspection.Damaged(Objects, Manifest(slug), ct).Take(100).ToImmutableArray(), ct);
    }

    /// <summary>Whether a slug could be laid out, as far as a look at each file shows: null, or the rest of a sentence that begins with "its slug".</summary>
    public async Task<string?> LackAsync(SlugDigest slug, CancellationToken ct)
    {
        if (Directory.Exists(Path.Combine(data.LayOuts, slug.Hex)))
            return null;
        using var visit = use.Enter();
        return await Task.Run(() => SlugInspection.Lack(Objects, slug, ManifestPath(slug), ct), ct);
    }

    /// <summary>
    /// Removes every slug that is not in <paramref name="keep"/> (unless it is younger than <see cref="Grace"/>) and every object that no kept manifest or cache names.
    /// Returns bytes freed. Safe beside puts and lay-outs.
    /// </summary>
    public async Task<long> CollectAsync(ImmutableHashSet<SlugDigest> keep, CancellationToken ct)
    {
        var objects = Objects;
        await collecting.WaitAsync(ct);
        try
        {
            await use.NextEpochAsync(objects.Index.StartMarking, ct);
            return await Task.Run(() => Collect(objects, keep, ct), ct);
        }
        finally
        {
            objects.Index.StopMarking();
            collecting.Release();
        }
    }

    private long Collect(ObjectStore objects, ImmutableHashSet<SlugDigest> keep, CancellationToken ct)
    {
        foreach (var path in Directory.EnumerateFiles(Below("manifests")).ToArray())
        {
            ct.ThrowIfCancellationRequested();
            if (SlugDigest.TryParse(Path.GetFileName(path), out var digest) && (keep.Contains(digest) || !Retire(digest)))
                Mark(objects, Manifest(digest));
        }
        CrashGate.Pass("slug.collect.retired");
        // No manifest may come back after a power cut with its objects gone.
        disk.SyncFolder(Below("manifests"));
        foreach (var cache in Directory.EnumerateFiles(data.Caches).Where(IsPublished))
            MarkCache(objects, cache);
        foreach (var tree in Directory.Exists(data.LayOuts) ? Directory.GetDirectories(data.LayOuts) : [])
        {
            if (SlugDigest.TryParse(Path.GetFileName(tree), out var digest) && !File.Exists(ManifestPath(digest)))
                trash.Value.Discard(tree);
        }
        CrashGate.Pass("slug.collect.marked");
        return objects.Sweep(ct);
    }

    /// <summary>False when the slug was put a short while ago.</summary>
    private bool Retire(SlugDigest slug)
    {
        lock (publishing)
        {
            if (clock.GetUtcNow().UtcDateTime - File.GetLastWriteTimeUtc(ManifestPath(slug)) < Grace)
                return false;
            trash.Value.Discard(ManifestPath(slug));
            return true;
        }
    }

    private static void Mark(ObjectStore objects, SlugManifest manifest)
    {
        foreach (var entry in manifest.Entries)
        {
            if (entry.HasObject)
                objects.Index.Use(entry.Object);
        }
    }

    private void MarkCache(ObjectStore objects, string cache)
    {
        try
        {
            Mark(objects, SlugManifest.Parse(File.ReadAllBytes(cache)));
        }
        catch (InvalidDataException)
        {
            trash.Value.Discard(cache);   // a broken cache is no cache, and must not stop the collection
        }
    }

    /// <summary>Files of a tree → objects. A marker stands until they are on disk, for the start after a crash.</summary>
    private async Task<SlugManifest> TakeAsync(string tree, string stack, SlugLimits limits, CancellationToken ct)
    {
        var objects = Objects;
        var marker = Path.Combine(Below("unsynced"), Guid.NewGuid().ToString("N"));
        disk.Create(marker, UnixFileMode.UserRead | UnixFileMode.UserWrite).Dispose();
        disk.SyncFolder(Below("unsynced"));   // before the first name whose bytes may be lost
        CrashGate.Pass("slug.put.begun");
        try
        {
            var found = await new TreeWalk(objects, limits, tree, ct).TakeAsync();
            CrashGate.Pass("slug.put.moved");
            return SlugManifest.Of(stack, found);
        }
        finally
        {
            await Task.Factory.StartNew(objects.Sync, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
            CrashGate.Pass("slug.put.synced");
            disk.Unlink(marker);
        }
    }

    private void Publish(byte[] text, string path, bool replace = false)
    {
        lock (publishing)
        {
            if (replace || !File.Exists(path))
                disk.Publish(path, text, UnixFileMode.UserRead | UnixFileMode.UserWrite);
            // Its grace starts now, also when it was there: another put of the same slug has a row on its way.
            File.SetLastWriteTimeUtc(path, clock.GetUtcNow().UtcDateTime);
        }
    }

    private static async Task LayOutCacheAsync(ObjectStore objects, SlugManifest manifest, string folder, uint owner, CancellationToken ct)
    {
        Directory.CreateDirectory(folder, Private);
        await new TreeLayOut(objects, manifest, folder) { Owner = owner, FolderMode = 0x1ed }.MakeAsync(ct);   // 0755
    }

    /// <exception cref="RefusedException">The store lacks that slug.</exception>
    private SlugManifest Manifest(SlugDigest slug)
    {
        var path = ManifestPath(slug);
        var text = File.Exists(path) ? File.ReadAllBytes(path) : throw Refuse.NotFound("slug", slug.Hex);
        return SlugDigest.Of(text) == slug ? SlugManifest.Parse(text) : throw Damaged(slug, new InvalidDataException("its manifest does not match its digest"));
    }

    private static async Task<SlugManifest?> ReadAsync(string path, CancellationToken ct)
    {
        try
        {
            return File.Exists(path) ? SlugManifest.Parse(await File.ReadAllBytesAsync(path, ct)) : null;
        }
        catch (InvalidDataException)
        {
            return null;   // a broken cache is no cache
        }
    }

    private static IOException Damaged(SlugDigest slug, InvalidDataException why) =>
        new($"Slug {slug.Short} is damaged on this machine: {why.Message}. Build it again, or restore the data folder from a backup.", why);

    /// <summary>One maker per lay-out or cache; others wait.</summary>
    private async Task<IDisposable> TurnAsync(string what, CancellationToken ct)
    {
        var turn = making.GetOrAdd(what, _ => new(1, 1));
        await turn.WaitAsync(ct);
        return new Turn(turn);
    }

    private sealed class Turn(SemaphoreSlim turn) : IDisposable
    {
        public void Dispose() => turn.Release();
    }

    /// <summary>First use in this process: make the folders, clear what a crash left, look at what it may have cut.</summary>
    private ObjectStore Open()
    {
        foreach (var folder in (string[])[data.Slugs, data.LayOuts, data.Caches, Below("manifests"), Below("unsynced"), Below("tmp")])
            File.SetUnixFileMode(Directory.CreateDirectory(folder, Private).FullName, Private);
        var left = Directory.GetFileSystemEntries(Below("tmp")).Concat(((string[])[data.LayOuts, data.Caches, Below("manifests")])
            .SelectMany(Directory.GetFileSystemEntries).Where(path => !IsPublished(path)));
        foreach (var path in left)
            trash.Value.Discard(path);
        var objects = new ObjectStore(Below("objects"), LinkLimit);
        var markers = Directory.GetFiles(Below("unsynced"));
        if (markers.Length > 0)
        {
            // An hour of slack: clocks step.
            objects.CheckChangedSince(markers.Min(m => new DateTimeOffset(File.GetLastWriteTimeUtc(m)).ToUnixTimeSeconds()) - 3600);
            objects.Sync();
            foreach (var marker in markers)
                File.Delete(marker);
        }
        return objects;
    }

    /// <summary>What is still being written has a dot before its name.</summary>
    private static bool IsPublished(string path) => Path.GetFileName(path)[0] != '.';

    private string Below(string name) => Path.Combine(data.Slugs, name);

    private string ManifestPath(SlugDigest slug) => Path.Combine(Below("manifests"), slug.Hex);

    private string CachePath(string name) =>
        name.Length is > 0 and <= 100 && name.All(c => char.IsAsciiLetterOrDigit(c) || c == '-')
            ? Path.Combine(data.Caches, name) : throw Refuse.Invalid("The name of a cache is letters, digits and dashes.");
}
