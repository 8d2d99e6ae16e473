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
        {
            api.MapGet(path, Info).ForAccount().ReachingIdentity();
            api.MapPatch(path, Rename).ForAccount().ReachingAccount();
        }

        api.MapGet("/users/{user}", Other).ForAccount();
        api.MapGet("/favorites", () => Array.Empty<NamedWire>()).ForAccount();
        api.MapGet("/spaces", () => Array.Empty<NamedWire>()).ForAccount();
        api.MapGet("/apps/{name}/addons", () => Array.Empty<NamedWire>()).ForApp(Permission.View);
        api.MapGet("/apps/{name}/addon-attachments", () => Array.Empty<NamedWire>()).ForApp(Permission.View);
    }

    private static async Task<AccountWire> Info(Principal who, AccountTable accounts, CancellationToken ct) =>
        (await accounts.FindAsync(who.Account, ct) ?? throw Refuse.NotFound("account", who.Email)).ToWire();

    private static async Task<AccountWire> Rename(RequestBody body, Principal who, AccountTable accounts, CancellationToken ct)
    {
        var name = body.Text("name");
        foreach (var flag in new[] { "allow_tracking", "beta" })
        {
            if (body.Flag(flag) == true)
                body.Fault($"This server has no {flag}: leave it out.");
        }

        body.RefuseFaults();
        return body.Mentions("name") ? (await accounts.RenameAsync(who.Account, name, who, ct)).ToWire() : await Info(who, accounts, ct);
    }

    /// <summary>Somebody else, by id or address: whoever has an account may look up who to work with.</summary>
    private static async Task<AccountWire> Other(string user, AccountTable accounts, CancellationToken ct) =>
        (await accounts.FindAsync(user, ct) ?? throw Refuse.NotFound("account", user)).ToWire();

    private static AccountWire ToWire(this Account account) => new()
    {
        Id = account.Id.Value,
        Email = account.Email,
        Name = account.Name,
        CreatedAt = account.CreatedAt,
        UpdatedAt = account.UpdatedAt,
    };
}
