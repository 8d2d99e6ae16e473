using Microsoft.AspNetCore.Identity;
using Microsoft.Extensions.Options;
using Sluice.Storage;

namespace Sluice.Accounts;

/// <summary>
/// Passwords of accounts that want one beside their keys: for people who sign in by hand. Kept as salted PBKDF2-HMAC-SHA512. A password makes sessions and does
/// nothing else; git and programs show keys.
/// </summary>
public sealed class Passwords(Db db, TimeProvider clock) : IDisposable
{
    public const int Shortest = 12, Longest = 200;

    /// <summary>About a tenth of a second each; so many may be reckoned at once, and others wait.</summary>
    private const int Rounds = 210_000, AtOnce = 2;

    private static readonly PasswordHasher<Passwords> Hasher = new(Options.Create(new PasswordHasherOptions { IterationCount = Rounds }));

    /// <summary>Of nobody's password: who has none takes as long to refuse as who has one.</summary>
    private static readonly Lazy<string> Nobodys = new(() => Hasher.HashPassword(null!, Guid.NewGuid().ToString()));

    private readonly SemaphoreSlim turn = new(AtOnce);

    /// <summary>What is wrong with a password for this account, a sentence each. Never says the password.</summary>
    public static IEnumerable<string> Faults(string password, string email)
    {
        if (password.Length is < Shortest or > Longest)
            yield return $"A password has {Shortest} to {Longest} characters; this one has {password.Length}.";
        if (password.Any(char.IsControl))
            yield return "A password has no line breaks and no control characters.";
        if (password.Equals(email, StringComparison.OrdinalIgnoreCase))
            yield return "Your address is known to others: take another password.";
        if (password.StartsWith(ApiKey.Prefix, StringComparison.Ordinal))
            yield return $"What begins with {ApiKey.Prefix} is a key: take another password.";
    }

    /// <summary>When the account's password was set; null when it has none.</summary>
    public async Task<DateTimeOffset?> ChangedAtAsync(AccountId account, CancellationToken ct) =>
        (await db.FindAsync($"SELECT hash, changed_at FROM passwords WHERE account_id = {account}", Read, ct))?.ChangedAt;

    /// <summary>Whether it is the password of this open account; false also for an account that is not there.</summary>
    public async Task<bool> IsRightAsync(string email, string password, CancellationToken ct)
    {
        if (password.Length > Longest)
            return false;
        var address = email.Trim().ToLowerInvariant();
        var kept = await db.FindAsync(
            $"SELECT hash, changed_at FROM passwords JOIN accounts ON accounts.id = passwords.account_id WHERE accounts.email = {address} AND accounts.closed_at IS NULL", Read, ct);
        return await InTurnAsync(() => Hasher.VerifyHashedPassword(null!, kept?.Hash ?? Nobodys.Value, password), ct) != PasswordVerificationResult.Failed && kept is not null;
    }

    /// <summary>Sets it, or changes it; all sessions but the one that asks end, since somebody else may have begun them.</summary>
    /// <exception cref="RefusedException">Invalid: too short, too long, or known to others.</exception>
    public async Task SetAsync(Principal who, string password, CancellationToken ct)
    {
        if (Faults(password, who.Email).ToArray() is { Length: > 0 } faults)
            throw Refuse.Invalid(faults);
        var (hash, now, own) = (await InTurnAsync(() => Hasher.HashPassword(null!, password), ct), clock.GetUtcNow(), who.Key ?? Guid.Empty);
        await db.WriteAsync(
            new Act("password.set", who.Account.ToString(), who.Account, RequestId: who.RequestId),
            tx =>
            {
                tx.Execute(
                    $"""
                    INSERT INTO passwords (account_id, hash, changed_at) VALUES ({who.Account}, {hash}, {now})
                    ON CONFLICT (account_id) DO UPDATE SET hash = {hash}, changed_at = {now}
                    """);
                tx.Execute($"DELETE FROM api_keys WHERE account_id = {who.Account} AND is_login = 1 AND id <> {own}");
            },
            ct);
    }

    /// <summary>From now on only keys open the account. Without one nothing changes.</summary>
    public Task RemoveAsync(Principal who, CancellationToken ct) => db.WriteAsync(
        new Act("password.remove", who.Account.ToString(), who.Account, RequestId: who.RequestId),
        tx => tx.Execute($"DELETE FROM passwords WHERE account_id = {who.Account}"),
        ct);

    public void Dispose() => turn.Dispose();

    private async Task<T> InTurnAsync<T>(Func<T> reckon, CancellationToken ct)
    {
        await turn.WaitAsync(ct);
        try
        {
            return reckon();
        }
        finally
        {
            turn.Release();
        }
    }

    private static Kept Read(Row row) => new(row.Text("hash"), row.Time("changed_at"));

    private sealed record Kept(string Hash, DateTimeOffset ChangedAt);
}
