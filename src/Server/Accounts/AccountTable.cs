using Sluice.Storage;

namespace Sluice.Accounts;

/// <summary>Who there is.</summary>
public sealed class AccountTable(Db db)
{
    /// <summary>By id or by address, in any case; null when there is none.</summary>
    public Task<Account?> FindAsync(string idOrEmail, CancellationToken ct)
    {
        var email = idOrEmail.ToLowerInvariant();
        return Guid.TryParseExact(idOrEmail, "D", out var id)
            ? db.FindAsync($"SELECT id, email, name, created_at, updated_at FROM accounts WHERE id = {id}", Read, ct)
            : db.FindAsync($"SELECT id, email, name, created_at, updated_at FROM accounts WHERE email = {email}", Read, ct);
    }

    public Task<Account?> FindAsync(AccountId account, CancellationToken ct) => FindAsync(account.ToString(), ct);

    private static Account Read(Row row) => new()
    {
        Id = new AccountId(row.Guid("id")),
        Email = row.Text("email"),
        Name = row.TextOrNull("name"),
        CreatedAt = row.Time("created_at"),
        UpdatedAt = row.Time("updated_at"),
    };
}
