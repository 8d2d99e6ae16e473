using System.Collections.Concurrent;
using Sluice.Jobs;
using Sluice.Runtime;

namespace Sluice.Sources;

/// <summary>
/// Keeps repositories small and quick: a moment after the last push to one, its objects go into few packs and its commits into git's commit graph. Low in
/// priority and one repository at a time; git lets pushes and fetches go on beside it. A nudge that is lost costs nothing: the next push to the app does it.
/// </summary>
public sealed partial class RepositoryCare(DataFolder data, TimeProvider clock, ILogger<RepositoryCare> log) : BackgroundService
{
    /// <summary>Pushes that follow each other are tidied up after once.</summary>
    private static readonly TimeSpan Quiet = TimeSpan.FromSeconds(10);

    /// <summary>So often what no branch and no slug needs any more is put aside; git removes it two weeks after that.</summary>
    private static readonly TimeSpan WholeEvery = TimeSpan.FromDays(7);

    /// <summary>A lock as old as this was left by a git that was killed.</summary>
    private static readonly TimeSpan LockIsDead = TimeSpan.FromHours(1);

    private readonly ConcurrentDictionary<AppId, TimeSpan> due = new();
    private readonly Wakeup wakeup = new();

    /// <summary>New objects came into the app's repository.</summary>
    public void Nudge(AppId app)
    {
        due[app] = clock.Monotonic + Quiet;
        wakeup.Nudge();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            foreach (var (app, at) in due.ToArray())
            {
                if (at <= clock.Monotonic && due.TryRemove(KeyValuePair.Create(app, at)))
                    await TryAsync(app, stoppingToken);
            }
            await wakeup.WaitAsync(due.IsEmpty ? TimeSpan.FromHours(1) : Quiet / 4, clock, stoppingToken);
        }
    }

    /// <summary>May be repeated, and cut anywhere.</summary>
    internal async Task TidyAsync(AppId app, CancellationToken ct)
    {
        var repository = data.Repository(app);
        if (!Directory.Exists(repository))
            return;
        var mark = Path.Combine(repository, "repacked");
        var isWhole = File.Exists(mark) && File.GetLastWriteTimeUtc(mark) + WholeEvery < clock.GetUtcNow().UtcDateTime;
        RemoveDeadLock(repository);
        await Shell.TextAsync(GitCommand.Repack(repository, isWhole), ct);
        await Shell.TextAsync(GitCommand.WriteGraph(repository), ct);
        if (isWhole || !File.Exists(mark))
        {
            await File.WriteAllBytesAsync(mark, [], ct);
            File.SetLastWriteTimeUtc(mark, clock.GetUtcNow().UtcDateTime);
        }
    }

    private async Task TryAsync(AppId app, CancellationToken ct)
    {
        try
        {
            await TidyAsync(app, ct);
        }
        catch (Exception) when (!ct.IsCancellationRequested && !Directory.Exists(data.Repository(app)))
        {
            // Its app was destroyed meanwhile.
        }
        catch (Exception e) when (!ct.IsCancellationRequested)
        {
            LogUntidy(app, e);   // it works as it is; the next push tries again
        }
    }

    private void RemoveDeadLock(string repository)
    {
        var file = new FileInfo(Path.Combine(repository, "objects/info/commit-graphs/commit-graph-chain.lock"));
        if (file.Exists && file.LastWriteTimeUtc + LockIsDead < clock.GetUtcNow().UtcDateTime)
            file.Delete();
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The repository of {App} could not be tidied up")]
    private partial void LogUntidy(AppId app, Exception cause);
}
