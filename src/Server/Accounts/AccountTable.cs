using System.Collections.Immutable;
using System.Text.RegularExpressions;
using Sluice.Storage;

namespace Sluice.Accounts;

/// <summary>Who there is. Teams are owners too and have a row in the same table, but are never found here.</summary>
public sealed partial class AccountTable(Db db, TimeProvider clock)
{
    private const int MaxEmail = 254, MaxName = 200;

    /// <summary>An account by its id, also when it is closed; null when there is none.</summary>
    public Task<Account?> FindAsync(AccountId account, CancellationToken ct) => db.FindAsync($"{Select} WHERE id = {account} AND kind = 'person'", Read, ct);

    /// <summary>Someone who could be let in: by id or by address, in any case; null when there is none, or it is closed.</summary>
    public Task<Account?> FindAsync(string idOrEmail, CancellationToken ct) => db.FindAsync(ByName(idOrEmail), Read, ct);

    /// <summary>As <see cref="FindAsync(string, CancellationToken)"/>, within a transaction.</summary>
    public static Account? Find(Tx tx, string idOrEmail) => tx.Find(ByName(idOrEmail), Read);

    /// <summary>All that are not closed, by address.</summary>
    public Task<ImmutableArray<Account>> ListAsync(CancellationToken ct) =>
        db.ListAsync($"{Select} WHERE kind = 'person' AND closed_at IS NULL ORDER BY email", Read, ct);

    /// <summary>Makes an account, or opens a closed one again, with a key: its text is in the answer and nowhere else.</summary>
    /// <exception cref="RefusedException">Invalid: the address is none, or is taken.</exception>
    public async Task<(Account Account, ApiKey Key)> CreateAsync(string email, string? name, bool isAdministrator, Principal who, CancellationToken ct)
    {
        var address = email.Trim().ToLowerInvariant();
        Demand([.. EmailFaults(address), .. NameFaults(name)]);
        var (key, keyId, fresh, now) = (ApiKey.New(), Guid.CreateVersion7(), AccountId.New(), clock.GetUtcNow());
        var account = await db.WriteAsync(
            new Act("account.create", address, who.Account, RequestId: who.RequestId),
            tx =>
            {
                var isNew = tx.Execute(
                    $"""
                    INSERT INTO accounts (id, email, name, is_administrator, created_at, updated_at) VALUES ({fresh}, {address}, {name}, {isAdministrator}, {now}, {now})
                    ON CONFLICT (email) DO UPDATE SET closed_at = NULL, name = {name}, is_administrator = {isAdministrator}, updated_at = {now}
                     WHERE accounts.closed_at IS NOT NULL
                    """) == 1;
                if (!isNew)
                    throw Refuse.Invalid($"There is already an account {address}.");
                var made = Find(tx, address)!;
                KeyRing.Insert(tx, keyId, made.Id, key, "made with the account", expires: null, now);
                return made;
            },
            ct);
        return (account, key);
    }

    /// <summary>Gives an account another name; null takes it away.</summary>
    public Task<Account> RenameAsync(AccountId account, string? name, Principal who, CancellationToken ct)
    {
        Demand([.. NameFaults(name)]);
        var now = clock.GetUtcNow();
        return db.WriteAsync(
            new Act("account.update", account.ToString(), who.Account, RequestId: who.RequestId),
            tx =>
            {
                tx.Execute($"UPDATE accounts SET name = {name}, updated_at = {now} WHERE id = {account} AND kind = 'person'");
                return Find(tx, account.ToString()) ?? throw Refuse.NotFound("account", account.ToString());
            },
            ct);
    }

    /// <summary>
    /// Closes an account: its keys and its password are gone, it is in no team and works on no app. Refused while something would be left without anybody: it owns
    /// an app or a pipeline, is the only admin of a team, or the only administrator.
    /// </summary>
    public Task CloseAsync(Account account, Principal who, CancellationToken ct)
    {
        var now = clock.GetUtcNow();
        return db.WriteAsync(
            new Act("account.close", account.Email, who.Account, RequestId: who.RequestId),
            tx =>
            {
                if (LeftBehind(tx, account.Id).ToArray() is { Length: > 0 } left)
                    throw Refuse.Invalid($"{account.Email} {string.Join(", ", left)}. Hand that over first.");
                tx.Execute($"DELETE FROM api_keys WHERE account_id = {account.Id}");
                tx.Execute($"DELETE FROM passwords WHERE account_id = {account.Id}");
                tx.Execute($"DELETE FROM team_members WHERE account_id = {account.Id}");
                tx.Execute($"DELETE FROM collaborators WHERE account_id = {account.Id}");
                tx.Execute($"DELETE FROM app_transfers WHERE owner_id = {account.Id} OR recipient_id = {account.Id}");
                tx.Execute($"UPDATE accounts SET closed_at = {now}, is_administrator = 0, updated_at = {now} WHERE id = {account.Id}");
            },
            ct);
    }

    private static IEnumerable<string> LeftBehind(Tx tx, AccountId account)
    {
        foreach (var app in tx.List($"SELECT name FROM apps WHERE owner_id = {account} ORDER BY name LIMIT 3", row => row.Text("name")))
            yield return $"owns app {app}";
        foreach (var pipeline in tx.List($"SELECT name FROM pipelines WHERE owner_id = {account} ORDER BY name LIMIT 3", row => row.Text("name")))
            yield return $"owns pipeline {pipeline}";
        var teams = tx.List(
            $"""
            SELECT teams.name FROM team_members m JOIN teams ON teams.id = m.team_id
             WHERE m.account_id = {account} AND m.role = 'admin'
               AND NOT EXISTS (SELECT 1 FROM team_members o WHERE o.team_id = m.team_id AND o.role = 'admin' AND o.account_id <> {account})
             ORDER BY teams.name LIMIT 3
            """, row => row.Text("name"));
        foreach (var team in teams)
            yield return $"is the only admin of team {team}";
        if (tx.Find($"SELECT id FROM accounts WHERE is_administrator = 1 AND id <> {account} LIMIT 1", row => row.Text("id")) is null)
            yield return "is the only administrator";
    }

    private static IEnumerable<string> EmailFaults(string email)
    {
        if (email.Length > MaxEmail || !Address().IsMatch(email))
            yield return "An account needs an e-mail address, like ada@example.com.";
        else if (email.EndsWith(Account.TeamAddress, StringComparison.Ordinal))
            yield return $"Addresses that end in {Account.TeamAddress} are those of teams.";
    }

    private static IEnumerable<string> NameFaults(string? name)
    {
        if (name?.Length > MaxName)
            yield return $"A name has {MaxName} characters at most; this one has {name.Length}.";
        if (name?.Any(char.IsControl) == true)
            yield return "A name has no line breaks and no control characters.";
    }

    private static void Demand(string[] faults)
    {
        if (faults.Length > 0)
            throw Refuse.Invalid(faults);
    }

    private static Sql Select => Sql.Part($"SELECT id, email, name, is_administrator, created_at, updated_at FROM accounts");

    private static Sql ByName(string idOrEmail)
    {
        var email = idOrEmail.ToLowerInvariant();
        return Guid.TryParseExact(idOrEmail, "D", out var id)
            ? Sql.Part($"{Select} WHERE id = {id} AND kind = 'person' AND closed_at IS NULL")
            : Sql.Part($"{Select} WHERE email = {email} AND kind = 'person' AND closed_at IS NULL");
    }

    private static Account Read(Row row) => new()
    {
        Id = new AccountId(row.Guid("id")),
        Email = row.Text("email"),
        Name = row.TextOrNull("name"),
        IsAdministrator = row.Flag("is_administrator"),
        CreatedAt = row.Time("created_at"),
        UpdatedAt = row.Time("updated_at"),
    };

    [GeneratedRegex(@"\A[a-z0-9.!#$%&'*+/=?^_`{|}~-]+@[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?\z")]
    private static partial Regex Address();
}
