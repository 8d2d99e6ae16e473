using Sluice.Storage;

namespace Sluice.Accounts;

/// <summary>API keys, and whom each stands for. Kept as SHA-256: a copy of the database opens nothing.</summary>
public sealed class KeyRing(Db db, TimeProvider clock)
{
    /// <summary>A key's last use is noted at most this often, since each note is a durable write.</summary>
    private static readonly TimeSpan NoteUseEvery = TimeSpan.FromHours(1);

    /// <summary>Who shows this key; null when it is unknown or has expired.</summary>
    public async Task<Principal?> WhoAsync(string key, string requestId, CancellationToken ct)
    {
        var shown = new ApiKey(key);
        if (!shown.IsPlausible)
            return null;
        var now = clock.GetUtcNow();
        var hash = shown.Sha256;
        var found = await db.FindAsync(
            $"""
            SELECT api_keys.id, api_keys.last_used_at, api_keys.scope, accounts.id AS account_id, accounts.email, accounts.is_administrator
              FROM api_keys JOIN accounts ON accounts.id = api_keys.account_id
             WHERE api_keys.sha256 = {hash} AND (api_keys.expires_at IS NULL OR api_keys.expires_at > {now})
            """,
            row => new Known(row.Guid("id"), row.TimeOrNull("last_used_at"), row.Text("scope"), new AccountId(row.Guid("account_id")), row.Text("email"), row.Flag("is_administrator")),
            ct);
        if (found is null)
            return null;
        if (found.LastUsed is not { } last || now - last >= NoteUseEvery)
            await NoteUseAsync(found, now, requestId, ct);
        return new Principal(found.Account, found.Email, requestId) { IsAdministrator = found.IsAdministrator, Scope = KeyScope.Of(found.Scope), Key = found.Id };
    }

    /// <summary>It was neither revoked nor has it expired.</summary>
    public Task<bool> IsGoodAsync(Guid key, CancellationToken ct)
    {
        var now = clock.GetUtcNow();
        return db.FindAsync($"SELECT id FROM api_keys WHERE id = {key} AND (expires_at IS NULL OR expires_at > {now})", _ => true, ct);
    }

    /// <summary>Makes a key for an account. The text is in the answer and nowhere else.</summary>
    public async Task<ApiKey> IssueAsync(AccountId account, string description, DateTimeOffset? expires, Principal who, CancellationToken ct)
    {
        var key = ApiKey.New();
        var id = Guid.CreateVersion7();
        var now = clock.GetUtcNow();
        await db.WriteAsync(
            new Act("key.create", id.ToString(), who.Account, RequestId: who.RequestId),
            tx => Insert(tx, id, account, key, description, expires, now),
            ct);
        return key;
    }

    /// <summary>Inside a transaction of the caller's. The same key again changes nothing.</summary>
    internal static void Insert(
        Tx tx, Guid id, AccountId account, ApiKey key, string description, DateTimeOffset? expires, DateTimeOffset now, KeyScope? scope = null, bool isLogin = false)
    {
        var (hash, hint, may) = (key.Sha256, key.Hint, $"{scope ?? KeyScope.Global}");
        tx.Execute(
            $"""
            INSERT INTO api_keys (id, account_id, sha256, hint, description, scope, is_login, created_at, expires_at)
            VALUES ({id}, {account}, {hash}, {hint}, {description}, {may}, {isLogin}, {now}, {expires})
            ON CONFLICT (sha256) DO NOTHING
            """);
    }

    private Task NoteUseAsync(Known key, DateTimeOffset now, string requestId, CancellationToken ct) => db.WriteAsync(
        new Act("key.use", key.Id.ToString(), key.Account, RequestId: requestId),
        tx => tx.Execute($"UPDATE api_keys SET last_used_at = {now} WHERE id = {key.Id}"),
        ct);

    private sealed record Known(Guid Id, DateTimeOffset? LastUsed, string Scope, AccountId Account, string Email, bool IsAdministrator);
}
