using Sluice.Accounts;
using Sluice.Api;
using Sluice.Apps;

namespace Sluice.Dashboard.AccountPage;

/// <summary>What is one's own: name, password, keys, sessions, and apps that change hands.</summary>
internal static class AccountPages
{
    private const string Path = "/dashboard/account";

    public static void MapAccountPages(this IEndpointRouteBuilder dashboard)
    {
        var account = dashboard.MapGroup("/account");
        account.MapGet("", (Principal who, AccountFacts facts, Views views, CancellationToken ct) => ShowAsync(null, who, facts, views, ct)).ForMe(Reach.Account);
        account.MapPost("/rename", Rename).ForMe(Reach.Account);
        account.MapPost("/password", SetPassword).ForMe(Reach.Account);
        account.MapPost("/password/remove", RemovePassword).ForMe(Reach.Account);
        account.MapPost("/keys", MakeKey).ForMe(Reach.Account);
        account.MapPost("/keys/revoke", Revoke).ForMe(Reach.Account);
        account.MapPost("/transfers/answer", Answer).ForMe(Reach.Account);
        account.MapPost("/transfers/withdraw", Withdraw).ForMe(Reach.Account);
    }

    private static async Task<IResult> ShowAsync(string? made, Principal who, AccountFacts facts, Views views, CancellationToken ct) =>
        await views.PageAsync<AccountPage>("Your account", [new("Your account", Path)], await facts.OfAsync(who, made, ct));

    private static async Task<IResult> Rename(Posted form, Principal who, AccountTable accounts, Views views, CancellationToken ct)
    {
        await accounts.RenameAsync(who.Account, form.Has("name") ? form["name"] : null, who, ct);
        return views.Go(Path);
    }

    /// <summary>Who has one says it, or a key, first: a browser that was left open is not enough to take the account over.</summary>
    private static async Task<IResult> SetPassword(HttpContext http, Posted form, Principal who, Passwords passwords, Login login, Views views, CancellationToken ct)
    {
        if (await passwords.ChangedAtAsync(who.Account, ct) is not null)
            await DemandOwnAsync(http, form, who, login, ct);
        await passwords.SetAsync(who, form.Exactly("password"), ct);
        return views.Go(Path);
    }

    /// <summary>A 401 would say that the session has ended; it has not.</summary>
    private static async Task DemandOwnAsync(HttpContext http, Posted form, Principal who, Login login, CancellationToken ct)
    {
        try
        {
            await login.WhoAsync(who.Email, form.Exactly("now"), Doorman.PlaceOf(http.Request), who.RequestId, ct);
        }
        catch (RefusedException refused) when (refused.Kind == RefusalKind.Unauthorized)
        {
            throw Refuse.Invalid("That is neither your password nor a key of yours, so nothing was changed.");
        }
    }

    private static async Task<IResult> RemovePassword(Principal who, Passwords passwords, Views views, CancellationToken ct)
    {
        await passwords.RemoveAsync(who, ct);
        return views.Go(Path);
    }

    /// <summary>Answers with the page itself, since the key is shown this once and lies nowhere in between.</summary>
    private static async Task<IResult> MakeKey(
        Posted form, Principal who, Authorizations keys, AccountFacts facts, Views views, CancellationToken ct)
    {
        var faults = Authorizations.Faults(form["description"]).ToList();
        var scope = KeyScope.Parse([form["scope"]], faults.Add);
        if (faults.Count > 0)
            throw Refuse.Invalid(faults);
        TimeSpan? life = int.TryParse(form["days"], out var days) && days is > 0 and <= 3650 ? TimeSpan.FromDays(days) : null;
        var (_, key) = await keys.CreateAsync(who, form["description"], scope, life, isLogin: false, ct);
        return await ShowAsync(key.Reveal(), who, facts, views, ct);
    }

    private static async Task<IResult> Revoke(Posted form, Principal who, Authorizations keys, Views views, CancellationToken ct)
    {
        await keys.RevokeAsync(await keys.FindAsync(who.Account, form["key"], ct), who, ct);
        return views.Go(Path);
    }

    private static async Task<IResult> Answer(Posted form, Principal who, AppTransferTable transfers, Views views, CancellationToken ct)
    {
        await transfers.AnswerAsync(IdOf(form), form.Has("accept"), who, ct);
        return views.Go(Path);
    }

    private static async Task<IResult> Withdraw(Posted form, Principal who, AppTransferTable transfers, Views views, CancellationToken ct)
    {
        await transfers.WithdrawAsync(IdOf(form), who, ct);
        return views.Go(Path);
    }

    private static Guid IdOf(Posted form) => Guid.TryParse(form["transfer"], out var id) ? id : throw Refuse.NotFound("transfer", form["transfer"]);
}
