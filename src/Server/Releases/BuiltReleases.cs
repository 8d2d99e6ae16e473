using Sluice.Builds;
using Sluice.Storage;

namespace Sluice.Releases;

/// <summary>
/// An API build that succeeded and has no release gets one: pulled from the table of builds, since builds know no releases. Nothing is lost
/// when the server dies in between, and nothing is released twice: release and note are one transaction.
/// </summary>
internal sealed partial class BuiltReleases(BuildTable builds, ReleaseLedger ledger, Releaser releaser, BuiltWakeup built, Db db, TimeProvider clock, ILogger<BuiltReleases> log) : BackgroundService
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(10);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            foreach (var build in await builds.WithoutReleaseAsync(stoppingToken))
                await ReleaseAsync(build, stoppingToken);
            await built.Wakeup.WaitAsync(LookEvery, clock, stoppingToken);
        }
    }

    private async Task ReleaseAsync(Build build, CancellationToken ct)
    {
        try
        {
            await ledger.AddBuiltAsync(build, builds, db, null, ct);
            releaser.Nudge();
        }
        catch (RefusedException e)
        {
            LogRefused(build.App, build.Id, e.Message);   // one app's build must not stop the others
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Build {Build} of {App} got no release: {Why}")]
    private partial void LogRefused(AppId app, BuildId build, string why);
}

/// <summary>From a build to its release.</summary>
internal static class BuiltRelease
{
    /// <summary>The release of a build that succeeded, durable when it returns. Null when the build has one already.</summary>
    public static Task<ReleaseId?> AddBuiltAsync(this ReleaseLedger ledger, Build build, BuildTable builds, Db db, string? requestId, CancellationToken ct)
    {
        var id = ReleaseId.New();
        Traces.Hand(id.Value);
        var slug = build.Slug ?? throw new ArgumentException("A build without a slug has nothing to release.", nameof(build));
        return db.WriteAsync<ReleaseId?>(
            new Act("release.create", id.ToString(), build.User, build.App, requestId),
            tx => builds.SetRelease(tx, build.Id, id) ? ledger.Add(tx, new ReleaseRequest.Deploy(build.App, build.User, requestId, slug), id) : null,
            ct);
    }
}
