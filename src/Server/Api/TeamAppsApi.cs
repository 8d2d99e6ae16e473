using Microsoft.AspNetCore.Http.HttpResults;
using Sluice.Accounts;
using Sluice.Apps;
using Sluice.Teams;
using Sluice.Wire;

namespace Sluice.Api;

/// <summary>Apps of teams. An app has one more member here: whether the caller was added to it by name.</summary>
internal static class TeamAppsApi
{
    public static void MapTeamApps(this IEndpointRouteBuilder api)
    {
        api.MapGet("/teams/apps", ListAll).ForAccount();
        api.MapPost("/teams/apps", Create).ForAccount();
        api.MapGet("/teams/{team}/apps", List).AskedInside(Permission.View);
        api.MapGet("/teams/apps/{name}", Info).ForApp(Permission.View);
        api.MapPatch("/teams/apps/{name}", Update).ForApp(Permission.Manage).ReachingAccess();
    }

    private static async Task<IReadOnlyList<AppWire>> ListAll(
        HttpContext http, Principal who, AppList apps, CollaboratorTable collaborators, Site site, CancellationToken ct)
    {
        var slice = Page.SliceOf(http, AppList.Keys);
        return await CutAsync(http, slice, await apps.PageAsync(AppScope.Teams, slice, who, ct), who, collaborators, site, ct);
    }

    private static async Task<IReadOnlyList<AppWire>> List(
        HttpContext http, string team, Principal who, TeamTable teams, AppList apps, CollaboratorTable collaborators, Site site, CancellationToken ct)
    {
        var found = await teams.GetAsync(team, TeamRole.Collaborator, who, ct);
        var slice = Page.SliceOf(http, AppList.Keys);
        return await CutAsync(http, slice, await apps.PageAsync(found, slice, who, ct), who, collaborators, site, ct);
    }

    private static async Task<Created<AppWire>> Create(RequestBody body, Principal who, AppMaking making, Site site, CancellationToken ct)
    {
        var made = await making.MakeAsync(body, who, ct);
        return TypedResults.Created($"/apps/{made.Id}", ToWire(made, isJoined: made.Team is null, site));
    }

    private static async Task<AppWire> Info(App app, Principal who, CollaboratorTable collaborators, Site site, CancellationToken ct) =>
        ToWire(app, await IsJoinedAsync(app, who, collaborators, ct), site);

    /// <summary>Locks and unlocks, for who manages the app; hands it over, for its owner.</summary>
    private static async Task<AppWire> Update(
        RequestBody body, AppAccess access, Principal who, AppCatalog apps, AppTransferTable transfers, CollaboratorTable collaborators, Site site, CancellationToken ct)
    {
        var (isLocked, owner) = (body.Flag("locked"), body.Reference("owner"));
        if (isLocked == true && access.App.Team is null && owner is null)
            body.Fault($"Only an app of a team can be locked; {access.App.Name} belongs to {access.App.OwnerEmail}.");
        body.RefuseFaults();
        var app = access.App;
        if (owner is not null)
            app = await transfers.HandOverAsync(app.Id, owner, isLocked ?? false, who, ct);
        else if (isLocked is not null)
            app = await apps.ChangeAsync(app, new AppChange(IsLocked: isLocked), who, ct);
        return ToWire(app, await IsJoinedAsync(app, who, collaborators, ct), site);
    }

    private static async Task<IReadOnlyList<AppWire>> CutAsync(
        HttpContext http, Storage.Slice slice, IReadOnlyList<App> page, Principal who, CollaboratorTable collaborators, Site site, CancellationToken ct)
    {
        var joined = await collaborators.JoinedAsync(who.Account, [.. page.Select(app => app.Id)], ct);
        return Page.Cut(http, slice, page, app => ToWire(app, app.Owner == who.Account || joined.Contains(app.Id), site), AppsApi.Keys);
    }

    private static async Task<bool> IsJoinedAsync(App app, Principal who, CollaboratorTable collaborators, CancellationToken ct) =>
        app.Owner == who.Account || (await collaborators.JoinedAsync(who.Account, [app.Id], ct)).Contains(app.Id);

    private static AppWire ToWire(App app, bool isJoined, Site site) => app.ToWire(site) with { Joined = isJoined };
}
