namespace Sluice.Accounts;

/// <summary>An address with a key or a password that belongs to it: what a person types to begin a session, in a browser or at a command line.</summary>
public sealed class Login(KeyRing keys, Passwords passwords, AccountTable accounts, SignInThrottle throttle)
{
    /// <param name="place">Where it comes from: who guesses from there is slowed down.</param>
    /// <returns>The account; with the key's scope when it was a key.</returns>
    /// <exception cref="RefusedException">Unauthorized, with one sentence for every way to be wrong, so that nobody learns which addresses there are; too many wrong ones.</exception>
    public async Task<Principal> WhoAsync(string email, string secret, string place, string requestId, CancellationToken ct)
    {
        if (throttle.WaitOf(email, place) is { } wait)
            throw Refuse.TooMany($"Too many wrong passwords and keys from here. Try again in {Math.Ceiling(wait.TotalMinutes)} min.");
        var who = await ByKeyAsync(email, secret.Trim(), requestId, ct) ?? await ByPasswordAsync(email, secret, requestId, ct);
        if (who is null)
        {
            throttle.Wrong(email, place);
            throw Refuse.Unauthorized("This address and this password or key do not belong together.");
        }

        throttle.Right(email, place);
        return who;
    }

    private async Task<Principal?> ByKeyAsync(string email, string key, string requestId, CancellationToken ct) =>
        await keys.WhoAsync(key, requestId, ct) is { } who && who.Email.Equals(email.Trim(), StringComparison.OrdinalIgnoreCase) ? who : null;

    /// <summary>What looks like a key is none: that costs no reckoning.</summary>
    private async Task<Principal?> ByPasswordAsync(string email, string password, string requestId, CancellationToken ct)
    {
        if (password.Length == 0 || password.StartsWith(ApiKey.Prefix, StringComparison.Ordinal))
            return null;
        if (throttle.IsGuessedEverywhere(email))
            throw Refuse.TooMany("Too many wrong passwords for this address. Sign in with a key, or try again in some minutes.");
        return await passwords.IsRightAsync(email, password, ct) && await accounts.FindAsync(email.Trim(), ct) is { } account
            ? new Principal(account.Id, account.Email, requestId) { IsAdministrator = account.IsAdministrator } : null;
    }
}
