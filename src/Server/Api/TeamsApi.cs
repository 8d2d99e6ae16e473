using Microsoft.AspNetCore.Http.HttpResults;
using Sluice.Accounts;
using Sluice.Apps;
using Sluice.Teams;
using Sluice.Wire;

namespace Sluice.Api;

/// <summary>Teams that the caller is in.</summary>
internal static class TeamsApi
{
    private static readonly Key<Team>[] Keys = [new("name", team => team.Name), new("id", team => team.Id.ToString())];
    private static readonly DateTimeOffset Epoch = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    public static void MapTeams(this IEndpointRouteBuilder api)
    {
        api.MapGet("/teams", List).ForAccount();
        api.MapPost("/teams", Create).ForAccount().ReachingAccess();
        api.MapGet("/teams/permissions", () => AllPermissions).ForAccount();
        api.MapGet("/teams/{team}", Info).AskedInside(Permission.View);
        api.MapPatch("/teams/{team}", Rename).AskedInside(Permission.Own).ReachingAccess();
        api.MapDelete("/teams/{team}", Destroy).AskedInside(Permission.Own).ReachingAccess();
        api.MapGet("/teams/{team}/features", Features).AskedInside(Permission.View);
        api.MapGet("/teams/{team}/features/{feature}", Feature).AskedInside(Permission.View);
    }

    public static PermissionWire[] AllPermissions { get; } = [.. PermissionSet.All.ToWire()];

    public static IEnumerable<PermissionWire> ToWire(this PermissionSet set) =>
        set.Each.Where(PermissionSet.All.Has).Select(permission => new PermissionWire(permission.Word(), Describe(permission)));

    private static string Describe(Permission permission) => permission switch
    {
        Permission.View => "See the app, its releases, dynos and logs.",
        Permission.Deploy => "Push and promote to the app, roll it back, read its config vars.",
        Permission.Operate => "Scale and restart the app, set its config vars, move it in its pipeline.",
        _ => "Rename, lock and destroy the app, and say who may do what with it.",
    };

    private static async Task<IReadOnlyList<TeamWire>> List(HttpContext http, Principal who, TeamTable teams, CancellationToken ct) =>
        Page.Of(http, await teams.ListAsync(who, ct), ToWire, Keys);

    private static async Task<Created<TeamWire>> Create(RequestBody body, Principal who, TeamTable teams, CancellationToken ct)
    {
        var name = body.NeedText("name");
        body.RefuseFaults();
        var made = await teams.CreateAsync(name, who, ct);
        return TypedResults.Created($"/teams/{made.Id}", made.ToWire());
    }

    private static async Task<TeamWire> Info(string team, Principal who, TeamTable teams, CancellationToken ct) =>
        (await teams.GetAsync(team, TeamRole.Collaborator, who, ct)).ToWire();

    private static async Task<TeamWire> Rename(string team, RequestBody body, Principal who, TeamTable teams, CancellationToken ct)
    {
        var found = await teams.GetAsync(team, TeamRole.Admin, who, ct);
        var name = body.NeedText("name");
        body.RefuseFaults();
        return (await teams.RenameAsync(found, name, who, ct)).ToWire();
    }

    private static async Task<TeamWire> Destroy(string team, Principal who, TeamTable teams, CancellationToken ct)
    {
        var found = await teams.GetAsync(team, TeamRole.Admin, who, ct);
        await teams.DestroyAsync(found, who, ct);
        return found.ToWire();
    }

    private static async Task<IReadOnlyList<FeatureWire>> Features(string team, Principal who, TeamTable teams, CancellationToken ct)
    {
        await teams.GetAsync(team, TeamRole.Collaborator, who, ct);
        return AllFeatures;
    }

    private static async Task<FeatureWire> Feature(string team, string feature, Principal who, TeamTable teams, CancellationToken ct) =>
        (await Features(team, who, teams, ct)).FirstOrDefault(f => f.Name == feature || f.Id.ToString() == feature) ?? throw Refuse.NotFound("feature", feature);

    /// <summary>What the Heroku CLI asks for: permissions app by app there are; invitations to be accepted there are not, who has an account joins at once.</summary>
    private static FeatureWire[] AllFeatures { get; } =
    [
        FeatureOf("org-access-controls", "Permissions for each app", "Who is added to an app of a team gets view, deploy, operate and manage one by one.", isEnabled: true),
        FeatureOf("team-invite-acceptance", "Invitations to be accepted", "Who is added to a team joins at once.", isEnabled: false),
    ];

    private static FeatureWire FeatureOf(string name, string title, string description, bool isEnabled) => new()
    {
        Id = StableId.Of("team-feature", name),
        Name = name,
        DisplayName = title,
        Description = description,
        DocUrl = "",
        FeedbackEmail = "",
        Enabled = isEnabled,
        State = "general",
        CreatedAt = Epoch,
        UpdatedAt = Epoch,
    };

    private static TeamWire ToWire(this Team team) => new()
    {
        Id = team.Id.Value, Name = team.Name, Role = team.Role?.Word(), CreatedAt = team.CreatedAt, UpdatedAt = team.UpdatedAt,
    };
}
