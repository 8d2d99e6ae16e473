using System.Collections.Concurrent;

namespace Sluice.Logs;

/// <summary>
/// The output of builds and of release phases: <c>DIR/logs/builds/ID.log</c>, <c>DIR/logs/releases/ID.log</c>. Knows which are still being
/// written in this process, so that readers know when to stop.
/// </summary>
public sealed class OpenLogs(DataFolder data, TimeProvider clock)
{
    /// <summary>As Heroku's: what a build prints beyond it is not kept.</summary>
    public const long LimitBytes = 10 * 1024 * 1024;

    private readonly ConcurrentDictionary<string, TaskCompletionSource> growing = new(StringComparer.Ordinal);

    /// <summary>Begins a build's log; an older one of the same build is replaced.</summary>
    public OutputLog Begin(BuildId build) => Begin(PathOf(build));

    /// <summary>Begins a release phase's log; an older one of the same release is replaced.</summary>
    public OutputLog Begin(ReleaseId release) => Begin(PathOf(release));

    /// <summary>From the first byte until the log is closed, as it comes; what there is, when nobody writes it; nothing, when there is none.</summary>
    public IAsyncEnumerable<ReadOnlyMemory<byte>> FollowAsync(BuildId build, CancellationToken ct) => FollowAsync(build, 0, ct);

    /// <summary>The same without so many bytes at its beginning.</summary>
    public IAsyncEnumerable<ReadOnlyMemory<byte>> FollowAsync(BuildId build, long after, CancellationToken ct) =>
        OutputLog.FollowAsync(PathOf(build), after, this, clock, ct);

    public IAsyncEnumerable<ReadOnlyMemory<byte>> FollowAsync(ReleaseId release, CancellationToken ct) =>
        OutputLog.FollowAsync(PathOf(release), 0, this, clock, ct);

    public bool Exists(BuildId build) => File.Exists(PathOf(build));

    public bool Exists(ReleaseId release) => File.Exists(PathOf(release));

    public string PathOf(BuildId build) => Path.Combine(data.Logs, "builds", build + ".log");

    public string PathOf(ReleaseId release) => Path.Combine(data.Logs, "releases", release + ".log");

    /// <summary>False when nobody writes it (any more); otherwise <paramref name="growth"/> completes with the next bytes or the end.</summary>
    internal bool IsGrowing(string path, out Task growth)
    {
        var isOpen = growing.TryGetValue(path, out var next);
        growth = next?.Task ?? Task.CompletedTask;
        return isOpen;
    }

    internal void Grew(string path)
    {
        if (growing.TryGetValue(path, out var last) && growing.TryUpdate(path, Next(), last))
            last.TrySetResult();
    }

    internal void Ended(string path)
    {
        if (growing.TryRemove(path, out var last))
            last.TrySetResult();
    }

    private OutputLog Begin(string path)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        if (!growing.TryAdd(path, Next()))
            throw new InvalidOperationException($"{path} is already being written.");
        try
        {
            return new OutputLog(path, LimitBytes, this);
        }
        catch
        {
            Ended(path);
            throw;
        }
    }

    private static TaskCompletionSource Next() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
