using Sluice.Accounts;
using Sluice.Apps;

namespace Sluice.Dashboard.AccountPage;

/// <summary>What is one's own: name, keys, sessions, and apps that change hands.</summary>
internal static class AccountPages
{
    private const string Path = "/dashboard/account";

    public static void MapAccountPages(this IEndpointRouteBuilder dashboard)
    {
        var account = dashboard.MapGroup("/account");
        account.MapGet("", (Principal who, Authorizations keys, AccountTable accounts, AppTransferTable transfers, Views views, CancellationToken ct) =>
            ShowAsync(null, who, keys, accounts, transfers, views, ct)).ForMe(Reach.Account);
        account.MapPost("/rename", Rename).ForMe(Reach.Account);
        account.MapPost("/keys", MakeKey).ForMe(Reach.Account);
        account.MapPost("/keys/revoke", Revoke).ForMe(Reach.Account);
        account.MapPost("/transfers/answer", Answer).ForMe(Reach.Account);
        account.MapPost("/transfers/withdraw", Withdraw).ForMe(Reach.Account);
    }

    private static async Task<IResult> ShowAsync(
        string? made, Principal who, Authorizations keys, AccountTable accounts, AppTransferTable transfers, Views views, CancellationToken ct)
    {
        var account = await accounts.FindAsync(who.Account, ct) ?? throw Refuse.NotFound("account", who.Email);
        return await views.PageAsync<AccountPage>("Your account", [new("Your account", Path)], new AccountPage.View(
            account, await keys.ListAsync(who.Account, ct), who.Key, [.. (await transfers.ListAsync(who, ct)).Where(t => t.State == "pending")], made));
    }

    private static async Task<IResult> Rename(Posted form, Principal who, AccountTable accounts, Views views, CancellationToken ct)
    {
        await accounts.RenameAsync(who.Account, form.Has("name") ? form["name"] : null, who, ct);
        return views.Go(Path);
    }

    /// <summary>Answers with the page itself, since the key is shown this once and lies nowhere in between.</summary>
    private static async Task<IResult> MakeKey(
        Posted form, Principal who, Authorizations keys, AccountTable accounts, AppTransferTable transfers, Views views, CancellationToken ct)
    {
        var faults = Authorizations.Faults(form["description"]).ToList();
        var scope = KeyScope.Parse([form["scope"]], faults.Add);
        if (faults.Count > 0)
            throw Refuse.Invalid(faults);
        TimeSpan? life = int.TryParse(form["days"], out var days) && days is > 0 and <= 3650 ? TimeSpan.FromDays(days) : null;
        var (_, key) = await keys.CreateAsync(who, form["description"], scope, life, isLogin: false, ct);
        return await ShowAsync(key.Reveal(), who, keys, accounts, transfers, views, ct);
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
