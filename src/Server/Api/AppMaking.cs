using Sluice.Accounts;
using Sluice.Apps;
using Sluice.Releases;
using Sluice.Storage;
using Sluice.Teams;

namespace Sluice.Api;

/// <summary>The start of an app, by <c>POST /apps</c> and <c>POST /teams/apps</c>: with its first release, for a person or for a team they are in.</summary>
internal sealed class AppMaking(AppCatalog apps, TeamTable teams, ReleaseLedger ledger, CurrentPlans plans)
{
    public Task<App> MakeAsync(RequestBody body, Principal who, CancellationToken ct) => MakeAsync(body, who, (_, _) => { }, ct);

    /// <param name="with">Gives the app more from its first moment, before its first release, in the same transaction.</param>
    public async Task<App> MakeAsync(RequestBody body, Principal who, Action<Tx, App> with, CancellationToken ct)
    {
        var (name, stack, region) = (body.Text("name"), PlatformApi.StackName(body.Reference("stack")), body.Reference("region"));
        var (teamName, isLocked) = (TeamNameOf(body), body.Flag("locked") ?? false);
        if (region is not null && !PlatformApi.IsOurRegion(region))
            body.Fault($"There is no region {region}; this server is region {PlatformApi.Region.Name}.");
        if (body.Has("space"))
            body.Fault("This server has no spaces: leave space out.");
        if (isLocked && teamName is null)
            body.Fault("Only an app of a team can be locked: name the team, or leave locked out.");
        body.Fault(new AppChange(name, Stack: stack).Faults());
        var faults = new Faults(body);
        var team = await TeamAsync(body, who, faults, ct);
        faults.Refuse();
        return await MakeAsync(new NewApp(name, stack, team, isLocked), who, with, ct);
    }

    /// <summary>The same for one that is known already. The caller has asked whether who makes it may make it for that team.</summary>
    public async Task<App> MakeAsync(NewApp wanted, Principal who, Action<Tx, App> with, CancellationToken ct)
    {
        var made = await apps.CreateAsync(
            wanted, who,
            (tx, app) =>
            {
                with(tx, app);
                ledger.Add(tx, new ReleaseRequest.Initial(app.Id, who.Account, who.RequestId));
            },
            ct);
        plans.Nudge(made.Id);
        return made;
    }

    /// <summary>The team that the app will belong to; null for an app of the caller's own, and when the caller may not bring apps to that team, which is a fault.</summary>
    public async Task<Team?> TeamAsync(RequestBody body, Principal who, Faults faults, CancellationToken ct) =>
        TeamNameOf(body) is { } name ? await faults.TryAsync(() => teams.GetAsync(name, TeamRole.Member, who, ct)) : null;

    private static string? TeamNameOf(RequestBody body) => body.Flag("personal") == true ? null : body.Reference("team") ?? body.Reference("organization");
}
