using Microsoft.AspNetCore.Http.HttpResults;
using Sluice.Accounts;
using Sluice.Wire;

namespace Sluice.Api;

/// <summary>Who has an account here, for administrators. Ours, not Heroku's, where people sign up by themselves.</summary>
internal static class AccountsApi
{
    private static readonly Key<Account>[] Keys = [new("email", account => account.Email), new("id", account => account.Id.ToString())];

    public static void MapAccounts(this IEndpointRouteBuilder api)
    {
        api.MapGet("/accounts", List).ForAdministrator().ReachingAccount();
        api.MapPost("/accounts", Create).ForAdministrator().ReachingAccount();
        api.MapDelete("/accounts/{account}", Close).ForAdministrator().ReachingAccount();
    }

    private static async Task<IReadOnlyList<KnownAccountWire>> List(HttpContext http, AccountTable accounts, CancellationToken ct) =>
        Page.Of(http, await accounts.ListAsync(ct), account => account.ToWire(), Keys);

    /// <summary>The answer has the account's first key, which is shown this once.</summary>
    private static async Task<Created<KnownAccountWire>> Create(RequestBody body, Principal who, AccountTable accounts, CancellationToken ct)
    {
        var (email, name, isAdministrator) = (body.NeedText("email"), body.Text("name"), body.Flag("administrator") ?? false);
        body.RefuseFaults();
        var (account, key) = await accounts.CreateAsync(email, name, isAdministrator, who, ct);
        return TypedResults.Created($"/users/{account.Id}", account.ToWire(key));
    }

    private static async Task<KnownAccountWire> Close(string account, Principal who, AccountTable accounts, CancellationToken ct)
    {
        var found = await accounts.FindAsync(account, ct) ?? throw Refuse.NotFound("account", account);
        await accounts.CloseAsync(found, who, ct);
        return found.ToWire();
    }

    private static KnownAccountWire ToWire(this Account account, ApiKey? key = null) => new()
    {
        Id = account.Id.Value,
        Email = account.Email,
        Name = account.Name,
        Administrator = account.IsAdministrator,
        ApiKey = key?.Reveal(),
        CreatedAt = account.CreatedAt,
        UpdatedAt = account.UpdatedAt,
    };
}
