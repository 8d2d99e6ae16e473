using Sluice.Accounts;
using Sluice.Apps;
using Sluice.Wire;

namespace Sluice.Api;

/// <summary>Who is asking; and, for clients that ask on every start, what a server of one's own does not have.</summary>
internal static class AccountApi
{
    public static void MapAccount(this IEndpointRouteBuilder api)
    {
        foreach (var path in new[] { "/account", "/users/~" })
            api.MapGet(path, Info).ForAccount().ReachingIdentity();
        api.MapGet("/teams", () => Array.Empty<NamedWire>()).ForAccount();
        api.MapGet("/teams/{team}", NamedWire (string team) => throw Refuse.NotFound("team", team)).ForAccount();
        api.MapGet("/favorites", () => Array.Empty<NamedWire>()).ForAccount();
        api.MapGet("/spaces", () => Array.Empty<NamedWire>()).ForAccount();
        api.MapGet("/apps/{name}/addons", () => Array.Empty<NamedWire>()).ForApp(Permission.View);
        api.MapGet("/apps/{name}/addon-attachments", () => Array.Empty<NamedWire>()).ForApp(Permission.View);
        api.MapGet("/apps/{name}/collaborators", Collaborators).ForApp(Permission.View);
    }

    private static async Task<AccountWire> Info(Principal who, AccountTable accounts, CancellationToken ct) =>
        (await accounts.FindAsync(who.Account, ct) ?? throw Refuse.NotFound("account", who.Email)).ToWire();

    /// <summary>The owner; there are no others yet.</summary>
    private static CollaboratorWire[] Collaborators(App app) =>
    [
        new()
        {
            Id = app.Owner.Value,
            App = app.ToNamed(),
            User = new CollaboratingUserWire(app.Owner.Value, app.OwnerEmail, Federated: false),
            Role = "owner",
            Permissions = [.. Enum.GetNames<Permission>().Select(p => p.ToLowerInvariant()).Select(p => new PermissionWire(p, $"may {p} the app"))],
            CreatedAt = app.CreatedAt,
            UpdatedAt = app.CreatedAt,
        },
    ];

    private static AccountWire ToWire(this Account account) => new()
    {
        Id = account.Id.Value,
        Email = account.Email,
        Name = account.Name,
        CreatedAt = account.CreatedAt,
        UpdatedAt = account.UpdatedAt,
    };
}
