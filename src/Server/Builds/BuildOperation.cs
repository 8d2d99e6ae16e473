using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Text;
using Sluice.Runtime;
using Sluice.Slugs;
using Sluice.Storage;
using Libc = Sluice.Runtime.Libc;

namespace Sluice.Builds;

/// <summary>
/// One build, in the agent: lays out source, cache and buildpacks, runs the driver in one sandbox, and makes a slug of what is left once no
/// process is. The digest is taken here, outside; nothing that the build says of itself is believed.
/// </summary>
internal sealed class BuildOperation(SandboxHost sandboxes, SlugStore slugs, DataFolder data)
{
    private static readonly TimeSpan LookAtSizeEvery = TimeSpan.FromSeconds(2);
    private readonly string packs = Path.Combine(data.Builds, "buildpacks");
    private readonly ConcurrentDictionary<AppId, SemaphoreSlim> turns = new();

    /// <summary>How long one build may run. Tests are less patient.</summary>
    public TimeSpan Time { get; init; } = BuildLimits.Time;

    /// <summary>At the agent's start: builds of a dead agent are dead, and the bundled buildpacks are copied to where the build's user can read them.</summary>
    public void Prepare()
    {
        Directory.CreateDirectory(data.Builds, (UnixFileMode)0b111_001_001);
        File.SetUnixFileMode(data.Builds, (UnixFileMode)0b111_001_001);
        foreach (var left in Directory.EnumerateDirectories(data.Builds))
            slugs.Discard(left);
        CopyReadable(Path.Combine(AppContext.BaseDirectory, "buildpacks"), packs);
    }

    /// <summary>
    /// One at a time per app: a server that died in the middle of a build asks for the same one again when it is back, maybe before the first
    /// one's sandbox is cleared and its folder, which is the second one's too, removed.
    /// </summary>
    public async Task<BuildRan> RunAsync(BuildRun run, Func<ReadOnlyMemory<byte>, ValueTask> output, CancellationToken ct)
    {
        var turn = turns.GetOrAdd(run.App, _ => new SemaphoreSlim(1));
        await turn.WaitAsync(ct);
        try
        {
            return await RunAloneAsync(run, output, ct);
        }
        finally
        {
            turn.Release();
        }
    }

    private async Task<BuildRan> RunAloneAsync(BuildRun run, Func<ReadOnlyMemory<byte>, ValueTask> output, CancellationToken ct)
    {
        var source = SourceOf(run);
        var owner = sandboxes.HasUsers ? sandboxes.UidOf(run.App, SandboxUse.Build) : (uint?)null;
        var cache = $"{run.App}-{Stack}";
        using var folder = new BuildFolder(data, run.Id, owner, slugs.Discard);
        folder.Make(run);
        await slugs.LayOutCacheAsync(cache, folder.CacheInApp, owner ?? Libc.geteuid(), ct);
        if (!Directory.Exists(folder.CacheInApp))
        {
            Directory.CreateDirectory(folder.CacheInApp);
            folder.Give(folder.CacheInApp);
        }

        var (exit, tooLarge) = await RunDriverAsync(folder, run, source, output, ct);
        if (Failure(folder, exit, tooLarge) is { } failure)
            return new BuildRan { Failure = new DiskRoom(data).Refusal is { } full ? $"{failure} {full.Message}" : failure };
        return await MakeSlugAsync(folder, run, cache, owner ?? Libc.geteuid(), ct);
    }

    private async Task<(SandboxExit Exit, bool TooLarge)> RunDriverAsync(
        BuildFolder folder, BuildRun run, string source, Func<ReadOnlyMemory<byte>, ValueTask> output, CancellationToken ct)
    {
        using var span = Traces.StartWithin("build.run");
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(ct);
        var watcher = WatchSizeAsync(folder, () => sandboxes.ProcessesOf(run.Id.Value.ToString("N")), stop);
        try
        {
            return (await sandboxes.RunAsync(Spec(folder, run, source), output, stop.Token), false);
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            return (new SandboxExit(137, OutOfMemory: false, TimedOut: false), true);
        }
        finally
        {
            await stop.CancelAsync();
            await watcher;
        }
    }

    private SandboxSpec Spec(BuildFolder folder, BuildRun run, string source) => new()
    {
        Id = run.Id.Value.ToString("N"),
        App = run.App,
        Use = SandboxUse.Build,
        Hostname = "build",
        Mounts = folder.Mounts(packs),
        Env = ImmutableDictionary<string, string>.Empty
            .Add("PATH", "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin").Add("HOME", "/app").Add("LANG", "C.UTF-8")
            .Add("TMPDIR", "/tmp").Add("XDG_CACHE_HOME", "/tmp/.cache").Add("XDG_DATA_HOME", "/tmp/.local/share").Add("STACK", Stack).Add("DYNO", "build")
            .Add("SOURCE_VERSION", run.Commit ?? "").Add("SLUICE_LIFT", run.FromGit ? "0" : "1").Add("SLUICE_SOURCE", IsGzip(source) ? "gzip" : "tar"),
        Command = "exec sh /buildpacks/driver.sh",
        Limits = BuildLimits.Sandbox with { Time = Time },
        KeepUp = false,
        StandardInput = source,
    };

    private string? Failure(BuildFolder folder, SandboxExit exit, bool tooLarge)
    {
        if (tooLarge)
            return $"The build wrote more than {BuildLimits.TreeBytes >> 30} GiB or {BuildLimits.TreeFiles:N0} files, or folders nested deeper than any path.";
        if (exit.TimedOut)
            return BuildLimits.TookLonger(Time);
        // Empty when the disk was too full to say it.
        if (folder.Report("failed", 1000) is { } sentence)
            return sentence.Length == 0 ? "The build failed." : OutputLines.Safe(Encoding.UTF8.GetString(sentence)).Trim() + (exit.OutOfMemory ? $" It ran out of memory ({BuildLimits.Sandbox.MemoryMb} MB)." : "");
        if (exit.OutOfMemory)
            return $"The build ran out of memory ({BuildLimits.Sandbox.MemoryMb} MB).";
        if (exit.Code != 0 || folder.Report("done", 1) is null)
            return $"The build ended with exit code {exit.Code}.";
        return null;
    }

    private async Task<BuildRan> MakeSlugAsync(BuildFolder folder, BuildRun run, string cache, uint owner, CancellationToken ct)
    {
        using var span = Traces.StartWithin("build.slug");
        ImmutableSortedDictionary<string, string> types;
        SlugMade made;
        string? health;
        try
        {
            types = ProcessTypes.Of(folder.Report("Procfile", ProcessTypes.MaxBytes), folder.Report("release", ProcessTypes.MaxBytes));
            health = AppJson.HealthPath(folder.Report("app.json", AppJson.MaxBytes));
            folder.TakeCacheOut();
            made = await PutAsync(folder, cache, SlugLimits.OfMb(run.MaxSlugMb), owner, ct);
        }
        catch (RefusedException e)
        {
            return new BuildRan { Failure = e.Message };
        }
        return new BuildRan
        {
            Digest = made.Digest,
            Bytes = made.Bytes,
            Files = made.Files,
            Stack = Stack,
            HostPackages = HostPackages.Fingerprint(),
            ProcessTypes = types,
            HealthPath = health,
            Buildpacks = Used(folder, run),
        };
    }

    /// <summary>Slug and cache. Folders that both want go into the store once, by the cache, and come back to the app as links: the slug's index then knows them.</summary>
    private async Task<SlugMade> PutAsync(BuildFolder folder, string cache, SlugLimits limits, uint owner, CancellationToken ct)
    {
        var linked = folder.Linked();
        if (!linked.IsEmpty)
        {
            foreach (var name in linked)
                folder.MoveFolder(name, folder.App, folder.Cache);
            await slugs.KeepCacheAsync(cache, folder.Cache, owner, ct);
            await slugs.LayOutCacheAsync(cache, folder.CacheAgain, owner, ct);
            foreach (var name in linked)
                folder.MoveFolder(name, folder.CacheAgain, folder.App);
            return await slugs.PutAsync(folder.App, Stack, limits, ct);
        }
        var made = await slugs.PutAsync(folder.App, Stack, limits, ct);
        if (folder.HasCache)
            await slugs.KeepCacheAsync(cache, folder.Cache, owner, ct);
        return made;
    }

    private static ImmutableArray<BuildpackUsed> Used(BuildFolder folder, BuildRun run)
    {
        var names = Encoding.UTF8.GetString(folder.Report("names", 4096) ?? []).Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(n => OutputLines.Safe(n).Trim()).Select(n => n.Length <= 100 ? n : n[..100]).ToList();
        if (!run.Buildpacks.IsEmpty)
            return [.. run.Buildpacks.Select((b, i) => new BuildpackUsed(names.ElementAtOrDefault(i) ?? b.Shown, b.Url))];
        var found = Encoding.UTF8.GetString(folder.Report("found", 100) ?? []).Trim();
        return found is "node" or "python" or "dotnet" or "static" or "procfile"
            ? [new BuildpackUsed(names.FirstOrDefault() ?? found, "urn:buildpack:" + BuildpackChoice.NameOf(found))] : [];
    }

    private static async Task WatchSizeAsync(BuildFolder folder, Func<IEnumerable<int>> processes, CancellationTokenSource stop)
    {
        try
        {
            while (true)
            {
                await Task.Delay(LookAtSizeEvery, stop.Token);
                var started = TimeProvider.System.GetTimestamp();
                if (folder.IsTooLarge(BuildLimits.TreeBytes, BuildLimits.TreeFiles, processes()))
                {
                    await stop.CancelAsync();
                    return;
                }
                // Looking at a large tree costs time itself: at most a tenth of the machine's.
                await Task.Delay(TimeProvider.System.GetElapsedTime(started) * 9, stop.Token);
            }
        }
        catch (OperationCanceledException)
        {
            // The build is over.
        }
    }

    private string SourceOf(BuildRun run)
    {
        var name = run.SourceFile;
        var path = Path.Combine(data.Uploads, name);
        if (name.Length is 0 or > 100 || name[0] == '.' || name.Any(c => !char.IsAsciiLetterOrDigit(c) && c is not ('-' or '.')))
            throw new AgentException("A source is named by a plain name in the uploads folder.");
        return new FileInfo(path) is { Exists: true, LinkTarget: null } ? path : throw new AgentException($"The source {name} is gone from the uploads folder.");
    }

    private static bool IsGzip(string path)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        return file.ReadByte() == 0x1f && file.ReadByte() == 0x8b;
    }

    /// <summary><c>debian-12</c>, from /etc/os-release.</summary>
    internal static string Stack { get; } = ReadStack(File.ReadAllLines("/etc/os-release"));

    internal static string ReadStack(IEnumerable<string> osRelease)
    {
        var facts = osRelease.Select(l => l.Split('=', 2)).Where(p => p.Length == 2).ToDictionary(p => p[0], p => p[1].Trim('"'), StringComparer.Ordinal);
        return $"{facts.GetValueOrDefault("ID", "linux")}-{facts.GetValueOrDefault("VERSION_ID", "0")}";
    }

    private static void CopyReadable(string from, string to)
    {
        Directory.CreateDirectory(to);
        File.SetUnixFileMode(to, (UnixFileMode)0b111_101_101);
        foreach (var folder in Directory.EnumerateDirectories(from))
            CopyReadable(folder, Path.Combine(to, Path.GetFileName(folder)));
        foreach (var file in Directory.EnumerateFiles(from))
        {
            var copy = Path.Combine(to, Path.GetFileName(file));
            File.Copy(file, copy);
            var runs = Path.GetFileName(to) == "bin" && Path.GetDirectoryName(Path.GetDirectoryName(to)) is not null;
            File.SetUnixFileMode(copy, (UnixFileMode)(runs ? 0b111_101_101 : 0b110_100_100));
        }
    }
}
