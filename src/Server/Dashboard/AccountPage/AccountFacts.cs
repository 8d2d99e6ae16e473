using Sluice.Accounts;
using Sluice.Apps;

namespace Sluice.Dashboard.AccountPage;

/// <summary>Gathers what stands on one's own page.</summary>
internal sealed class AccountFacts(AccountTable accounts, Authorizations keys, Passwords passwords, AppTransferTable transfers)
{
    /// <param name="made">Text of a key that was made a moment ago.</param>
    public async Task<AccountPage.View> OfAsync(Principal who, string? made, CancellationToken ct)
    {
        var account = await accounts.FindAsync(who.Account, ct) ?? throw Refuse.NotFound("account", who.Email);
        return new AccountPage.View(
            account, await keys.ListAsync(who.Account, ct), who.Key, [.. (await transfers.ListAsync(who, ct)).Where(t => t.State == "pending")], made,
            await passwords.ChangedAtAsync(who.Account, ct));
    }
}
