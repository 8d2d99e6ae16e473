using System.Collections.Immutable;
using Sluice.Storage;

namespace Sluice.Accounts;

/// <summary>
/// The keys of an account, from the side of who owns them: listed without their text, made with a scope and an end, renamed, rotated, revoked.
/// An account keeps at least one key that may do everything and has no end, so that nobody locks themselves out.
/// </summary>
public sealed class Authorizations(Db db, TimeProvider clock)
{
    private const int MaxDescription = 200;

    /// <summary>Those that are good now, oldest first.</summary>
    public Task<ImmutableArray<Authorization>> ListAsync(AccountId account, CancellationToken ct)
    {
        var now = clock.GetUtcNow();
        return db.ListAsync(
            $"""
            SELECT id, account_id, description, scope, hint, is_login, expires_at, created_at, updated_at FROM api_keys
             WHERE account_id = {account} AND (expires_at IS NULL OR expires_at > {now}) ORDER BY created_at, id
            """, Read, ct);
    }

    /// <summary>The account's own API key: the oldest that may do everything and was not made by a login. Null when there is none.</summary>
    public async Task<Authorization?> DefaultAsync(AccountId account, CancellationToken ct) =>
        (await ListAsync(account, ct)).FirstOrDefault(key => !key.IsLogin && key.Scope.Allows(Reach.Account));

    /// <exception cref="RefusedException">Not found: there is no such key, or it is someone else's.</exception>
    public async Task<Authorization> FindAsync(AccountId account, string id, CancellationToken ct) =>
        (await ListAsync(account, ct)).FirstOrDefault(key => key.Id.ToString() == id) ?? throw Refuse.NotFound("authorization", id);

    /// <summary>What is wrong with a description, a sentence each.</summary>
    public static IEnumerable<string> Faults(string description)
    {
        if (description.Length > MaxDescription || description.Any(char.IsControl))
            yield return $"A description has at most {MaxDescription} characters and no line breaks.";
    }

    /// <summary>Makes a key. Its text is in the answer and nowhere else.</summary>
    public async Task<(Authorization Made, ApiKey Key)> CreateAsync(Principal who, string description, KeyScope scope, TimeSpan? life, bool isLogin, CancellationToken ct)
    {
        var (key, id, now) = (ApiKey.New(), Guid.CreateVersion7(), clock.GetUtcNow());
        await db.WriteAsync(
            new Act("key.create", id.ToString(), who.Account, RequestId: who.RequestId),
            tx =>
            {
                tx.Execute($"DELETE FROM api_keys WHERE account_id = {who.Account} AND expires_at <= {now}");
                KeyRing.Insert(tx, id, who.Account, key, description, now + life, now, scope, isLogin);
            },
            ct);
        return (await FindAsync(who.Account, id.ToString(), ct), key);
    }

    public async Task<Authorization> DescribeAsync(Authorization key, string description, Principal who, CancellationToken ct)
    {
        var now = clock.GetUtcNow();
        await db.WriteAsync(
            new Act("key.update", key.Id.ToString(), who.Account, RequestId: who.RequestId),
            tx => Changed(tx.Execute($"UPDATE api_keys SET description = {description}, updated_at = {now} WHERE id = {key.Id}"), key),
            ct);
        return key with { Description = description, UpdatedAt = now };
    }

    /// <summary>A new text for the same key; the old one opens nothing from now on. An end stays where it is.</summary>
    public async Task<(Authorization Rotated, ApiKey Key)> RotateAsync(Authorization old, Principal who, CancellationToken ct)
    {
        var (key, now) = (ApiKey.New(), clock.GetUtcNow());
        var (hash, hint) = (key.Sha256, key.Hint);
        await db.WriteAsync(
            new Act("key.rotate", old.Id.ToString(), who.Account, RequestId: who.RequestId),
            tx => Changed(tx.Execute($"UPDATE api_keys SET sha256 = {hash}, hint = {hint}, updated_at = {now} WHERE id = {old.Id}"), old),
            ct);
        return (old with { Hint = hint, UpdatedAt = now }, key);
    }

    /// <summary>The key opens nothing from now on.</summary>
    /// <exception cref="RefusedException">It is the last one that can do everything for ever.</exception>
    public Task RevokeAsync(Authorization key, Principal who, CancellationToken ct) => db.WriteAsync(
        new Act("key.revoke", key.Id.ToString(), who.Account, RequestId: who.RequestId),
        tx =>
        {
            Changed(tx.Execute($"DELETE FROM api_keys WHERE id = {key.Id}"), key);
            if (tx.Find($"SELECT 1 AS yes FROM api_keys WHERE account_id = {key.Account} AND scope LIKE '%global%' AND expires_at IS NULL", row => row.Flag("yes")))
                return;
            if (key.ExpiresAt is null && key.Scope.Allows(Reach.Account))
                throw Refuse.Invalid("This is your last key that may do everything and never expires. Make another one first, or nobody could come in any more.");
        },
        ct);

    private static void Changed(int rows, Authorization key)
    {
        if (rows == 0)
            throw Refuse.NotFound("authorization", key.Id.ToString());
    }

    private static Authorization Read(Row row) => new()
    {
        Id = row.Guid("id"),
        Account = new AccountId(row.Guid("account_id")),
        Description = row.Text("description"),
        Scope = KeyScope.Of(row.Text("scope")),
        Hint = row.Text("hint"),
        IsLogin = row.Flag("is_login"),
        ExpiresAt = row.TimeOrNull("expires_at"),
        CreatedAt = row.Time("created_at"),
        UpdatedAt = row.TimeOrNull("updated_at") ?? row.Time("created_at"),
    };
}
