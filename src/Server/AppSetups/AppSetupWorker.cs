using Sluice.Apps;
using Sluice.Builds;
using Sluice.Releases;
using Sluice.Sources;

namespace Sluice.AppSetups;

/// <summary>
/// Takes setups to their end: 1. the build, under the id that the setup chose; 2. its outcome; 3. the outcome of its release. Each look starts from the
/// tables, so that it goes on wherever a dead server left it.
/// </summary>
internal sealed partial class AppSetupWorker(
    AppSetupTable setups, AppCatalog apps, BuildTable builds, Builder builder, ReleaseLedger ledger, Repositories repositories, DataFolder data, TimeProvider clock,
    ILogger<AppSetupWorker> log) : BackgroundService
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(300);
    private static readonly TimeSpan LookWhenIdle = TimeSpan.FromSeconds(10);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            var pending = await setups.PendingAsync(stoppingToken);
            foreach (var setup in pending)
                await TryAsync(setup, stoppingToken);
            await setups.Wakeup.WaitAsync(pending.IsEmpty ? LookWhenIdle : LookEvery, clock, stoppingToken);
        }
    }

    private async Task TryAsync(AppSetup setup, CancellationToken ct)
    {
        try
        {
            await StepAsync(setup, ct);
        }
        catch (Exception e) when (!ct.IsCancellationRequested)
        {
            LogTrouble(setup.Id, setup.App, e);   // one app's setup must not stop the others
        }
    }

    internal async Task StepAsync(AppSetup setup, CancellationToken ct)
    {
        if (await apps.FindAsync(setup.App, ct) is null)
            await setups.EndAsync(setup, "The app was destroyed before it was set up.", ct);
        else if (await builds.FindAsync(setup.App, setup.Build, ct) is not { } build)
            await BuildAsync(setup, ct);
        else if (build.Status is "failed" or "errored")
            await setups.EndAsync(setup, $"The build failed: {build.Reason ?? "its output says why."}", ct);
        else if (build.Release is { } id && await ledger.FindAsync(id, ct) is { IsTerminal: true } release)
            await setups.EndAsync(setup, release.Status == "succeeded" ? null : $"Release v{release.Version} failed. {release.Failure}".TrimEnd(), ct);
    }

    private async Task BuildAsync(AppSetup setup, CancellationToken ct)
    {
        using var span = Traces.Start("app-setup")?.SetTag("sluice.app.id", setup.App.ToString());
        if (setup.Source is { From: { } from, Commit: { } sha } && Commit.IsSha(sha))
            await repositories.TakeCommitAsync(setup.App, sha, from, ct);
        await builder.EnqueueAsync(
            new BuildRequest
            {
                Id = setup.Build,
                App = setup.App,
                User = setup.User,
                SourceFile = Path.Combine(data.Uploads, setup.Source.File),
                Commit = setup.Source.Commit,
            },
            setup.Source.Url,
            null,
            ct);
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "Setup {Setup} of app {App} met trouble; it goes on in a moment")]
    private partial void LogTrouble(Guid setup, AppId app, Exception cause);
}
