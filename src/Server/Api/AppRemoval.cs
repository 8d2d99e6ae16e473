using Sluice.Accounts;
using Sluice.Apps;
using Sluice.Logs;
using Sluice.Pipelines;
using Sluice.Releases;
using Sluice.Sources;

namespace Sluice.Api;

/// <summary>
/// The end of an app. Its rows go first: from then on it is gone, and what a crash leaves behind (dynos, a route, a repository, a log) belongs to nobody.
/// </summary>
internal sealed partial class AppRemoval(AppCatalog apps, CurrentPlans plans, Repositories repositories, AppLogs logs, ILogger<AppRemoval> logger)
{
    public async Task RemoveAsync(App app, Principal who, CancellationToken ct)
    {
        await apps.DestroyAsync(app, tx => Promoter.KeepOutcomes(tx, app.Id), who, ct);
        plans.Nudge(app.Id);   // no app, no plan: its dynos stop and its route goes
        try
        {
            repositories.Remove(app.Id);
            logs.Forget(app.Id);
        }
        catch (IOException e)
        {
            LogLeft(e, app.Id);   // someone is just writing there; the app is gone all the same
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Left files of destroyed app {App} behind")]
    private partial void LogLeft(Exception e, AppId app);
}
