using System.Collections.Immutable;
using System.Threading.Channels;
using Sluice.Apps;
using Sluice.Dynos;
using Sluice.Runtime;
using Sluice.Slugs;

namespace Sluice.Releases;

/// <summary>
/// Makes the fleet's plans: current release + formation + maintenance + hosts. Whoever changes one of these nudges here by app, after the
/// commit. At the start it gives the fleet the plans of all apps, so that the fleet takes over what runs.
/// </summary>
public sealed partial class CurrentPlans(
    ReleaseLedger ledger, SlugCatalog slugs, AppCatalog apps, FormationTable formations, DomainTable domains, FeatureTable features, QuotaTable quotas, Site site, DynoFleet fleet, TimeProvider clock, ILogger<CurrentPlans> logger)
    : BackgroundService
{
    private static readonly TimeSpan TryAgainAfter = TimeSpan.FromSeconds(1);

    private readonly Channel<AppId> nudges = Channel.CreateUnbounded<AppId>();

    /// <summary>The app is new or gone, or its formation, name, maintenance, hosts or quotas changed. Returns at once; tried again until the fleet has the plan.</summary>
    public void Nudge(AppId app) => nudges.Writer.TryWrite(app);

    /// <summary>What should run for one release of an app, by its formation as it is now. Null when the app is gone.</summary>
    internal async Task<DynoPlan?> OfAsync(Release release, CancellationToken ct) =>
        await apps.FindAsync(release.App, ct) is { } app ? await OfAsync(app, release, ct) : null;

    /// <summary>Commands of a release's slug by process type; empty without a slug.</summary>
    internal async Task<ImmutableSortedDictionary<string, string>> ProcessTypesAsync(Release release, CancellationToken ct) =>
        (release.Slug is { } id ? await slugs.FindAsync(id, ct) : null)?.ProcessTypes ?? ImmutableSortedDictionary<string, string>.Empty;

    /// <summary>Gives the fleet the plans of all apps, and lets it take over.</summary>
    internal async Task OpenFleetAsync(CancellationToken ct)
    {
        var plans = new List<DynoPlan>();
        foreach (var app in await apps.AllAsync(ct))
        {
            if (await NowAsync(app, ct) is { } plan)
                plans.Add(plan);
        }
        foreach (var release in (await ledger.InFlightAsync(ct)).Where(ReleaseSteps.HasBegunToBoot))
        {
            if (await apps.FindAsync(release.App, ct) is { } app && await OrNullAsync(app, release, ct) is { } plan)
                fleet.Expect(plan);
        }
        await fleet.OpenAsync([.. plans], ct);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await OpenFleetAsync(stoppingToken);
        await foreach (var app in nudges.Reader.ReadAllAsync(stoppingToken))
        {
            try
            {
                await RefreshAsync(app, stoppingToken);
            }
            catch (Exception trouble) when (!stoppingToken.IsCancellationRequested)
            {
                LogNoPlan(trouble, app);
                _ = NudgeLaterAsync(app, stoppingToken);
            }
        }
    }

    internal async Task RefreshAsync(AppId id, CancellationToken ct)
    {
        if (await apps.FindAsync(id, ct) is not { } app)
            fleet.Forget(id);
        // One of a group that was decided flips with the others, by a plan that is made then, and is nudged at its end.
        else if (await ledger.DecidedAsync(id, ct) is { } release and not { IsTerminal: false, Group: not null } && await OrNullAsync(app, release, ct) is { } plan)
            fleet.Want(plan);
    }

    private async Task<DynoPlan?> NowAsync(App app, CancellationToken ct) =>
        await ledger.DecidedAsync(app.Id, ct) is { } release ? await OrNullAsync(app, release, ct) : null;

    private async Task<DynoPlan?> OrNullAsync(App app, Release release, CancellationToken ct)
    {
        try
        {
            return await OfAsync(app, release, ct);
        }
        catch (System.Security.Cryptography.CryptographicException trouble)
        {
            // Another secret.key than the one that sealed it: this app stays as it is, the others must not wait for it.
            LogNoPlan(trouble, app.Id);
            return null;
        }
    }

    private async Task<DynoPlan> OfAsync(App app, Release release, CancellationToken ct)
    {
        var slug = release.Slug is { } id ? await slugs.FindAsync(id, ct) : null;
        var config = await ledger.ConfigAsync(release, ct);
        var told = await features.IsEnabledAsync(app.Id, Feature.DynoMetadata, ct) ? DynoMetadata.Of(app, release, slug) : [];
        var formation = (await formations.ListAsync(app.Id, ct)).ToDictionary(f => f.Type, StringComparer.Ordinal);
        ImmutableArray<string> hosts = [.. new[] { site.HostOf(app.Name), app.Name + ".localhost" }.Distinct(), .. (await domains.ListAsync(app.Id, ct)).Select(d => d.Hostname)];
        return new DynoPlan
        {
            App = app.Id,
            AppName = app.Name,
            Generation = release.Version,
            Slug = slug?.Digest,
            Env = config.ToImmutableDictionary(StringComparer.Ordinal).SetItems(told.Where(t => !config.ContainsKey(t.Key))),
            Processes =
            [
                .. (slug?.ProcessTypes ?? ImmutableSortedDictionary<string, string>.Empty).Where(p => p.Key != ReleasePhase.ProcessType && formation.ContainsKey(p.Key))
                    .Select(p => new PlannedProcess(p.Key, p.Value, formation[p.Key].Quantity, formation[p.Key].Size)),
            ],
            Hosts = hosts,
            Health = config.GetValueOrDefault(HealthCheck.Variable, slug?.HealthPath ?? "") is { Length: > 0 } path && HealthCheck.Fault("", path) is null ? new HealthCheck(path, hosts[0]) : null,
            Maintenance = app.Maintenance,
            MostWebSockets = await quotas.OfAsync(app.Id, Quota.WebSockets, ct),
        };
    }

    private async Task NudgeLaterAsync(AppId app, CancellationToken ct)
    {
        await Task.Delay(TryAgainAfter, clock, ct).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        Nudge(app);
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "No plan could be made for app {App}; its dynos stay as they are")]
    private partial void LogNoPlan(Exception trouble, AppId app);
}
