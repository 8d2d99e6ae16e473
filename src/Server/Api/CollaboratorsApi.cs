using Microsoft.AspNetCore.Http.HttpResults;
using Sluice.Accounts;
using Sluice.Apps;
using Sluice.Teams;
using Sluice.Wire;

namespace Sluice.Api;

/// <summary>Who may do what with one app. The same at <c>/apps</c> and <c>/teams/apps</c>, as clients expect it.</summary>
internal static class CollaboratorsApi
{
    private static readonly Key<CollaboratorWire>[] Keys = [new("email", c => c.User.Email), new("id", c => c.Id.ToString())];

    public static void MapCollaborators(this IEndpointRouteBuilder api)
    {
        foreach (var at in new[] { "/apps/{name}/collaborators", "/teams/apps/{name}/collaborators" })
        {
            api.MapGet(at, List).ForApp(Permission.View);
            api.MapGet(at + "/{user}", Info).ForApp(Permission.View);
            // To join and to leave, one need only see the app: the store asks for more when it is about somebody else.
            api.MapPost(at, Add).ForApp(Permission.View).ReachingAccess();
            api.MapPatch(at + "/{user}", Change).ForApp(Permission.Manage).ReachingAccess();
            api.MapDelete(at + "/{user}", Remove).ForApp(Permission.View).ReachingAccess();
        }
    }

    private static async Task<IReadOnlyList<CollaboratorWire>> List(HttpContext http, App app, CollaboratorTable collaborators, CancellationToken ct) =>
        Page.Of(http, (await collaborators.ListAsync(app, ct)).Select(c => ToWire(app, c)).Prepend(Owner(app)), wire => wire, Keys);

    private static async Task<CollaboratorWire> Info(App app, string user, CollaboratorTable collaborators, CancellationToken ct) =>
        user == app.OwnerEmail || user == app.Owner.ToString() ? Owner(app)
        : ToWire(app, await collaborators.FindAsync(app, user, ct) ?? throw Refuse.NotFound("collaborator", user));

    private static async Task<Created<CollaboratorWire>> Add(RequestBody body, App app, Principal who, CollaboratorTable collaborators, CancellationToken ct)
    {
        var user = body.NeedReference("user");
        var wanted = body.Has("permissions") ? Permissions(body) : (PermissionSet?)null;
        body.RefuseFaults();
        var added = await collaborators.AddAsync(app.Id, user, wanted, who, ct);
        return TypedResults.Created($"/apps/{app.Id}/collaborators/{added.Email}", ToWire(app, added));
    }

    private static async Task<CollaboratorWire> Change(RequestBody body, App app, string user, Principal who, CollaboratorTable collaborators, CancellationToken ct)
    {
        var wanted = Permissions(body);
        body.RefuseFaults();
        return ToWire(app, await collaborators.ChangeAsync(app.Id, user, wanted, who, ct));
    }

    private static async Task<CollaboratorWire> Remove(App app, string user, Principal who, CollaboratorTable collaborators, CancellationToken ct) =>
        ToWire(app, await collaborators.RemoveAsync(app.Id, user, who, ct));

    private static PermissionSet Permissions(RequestBody body)
    {
        var set = PermissionSet.None;
        var words = body.Texts("permissions");
        if (words.Count == 0)
            body.Fault("permissions is missing: a list of view, deploy, operate and manage.");
        foreach (var word in words)
        {
            if (PermissionWords.Parse(word) is { } permission)
                set |= PermissionSet.Of(permission);
            else
                body.Fault($"There is no permission {(word.Length <= 60 ? word : word[..57] + "...")}; there are view, deploy, operate and manage.");
        }

        return set;
    }

    private static CollaboratorWire Owner(App app) => new()
    {
        Id = app.Owner.Value,
        App = app.ToNamed(),
        User = new CollaboratingUserWire(app.Owner.Value, app.OwnerEmail, Federated: false),
        Role = "owner",
        Permissions = TeamsApi.AllPermissions,
        CreatedAt = app.CreatedAt,
        UpdatedAt = app.CreatedAt,
    };

    /// <summary>The published schema knows no viewers here: they were added to the app, so they are collaborators of it.</summary>
    private static CollaboratorWire ToWire(App app, Collaborator one) => new()
    {
        Id = one.Id,
        App = app.ToNamed(),
        User = new CollaboratingUserWire(one.Account.Value, one.Email, Federated: false),
        Role = one.Role is TeamRole.Admin or TeamRole.Member ? one.Role.Value.Word() : "collaborator",
        Permissions = [.. one.Permissions.ToWire()],
        CreatedAt = one.CreatedAt,
        UpdatedAt = one.UpdatedAt,
    };
}
