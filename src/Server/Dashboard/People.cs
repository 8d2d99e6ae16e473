using Sluice.Storage;

namespace Sluice.Dashboard;

/// <summary>What people are called on pages: by name; who has none, by what stands before the @ of the address.</summary>
internal sealed class People(Db db)
{
    public static string NameOf(string? name, string email) => string.IsNullOrWhiteSpace(name) ? email[..Math.Max(1, email.IndexOf('@'))] : name;

    /// <summary>Those of <paramref name="accounts"/>, by id; somebody who is not there is <c>somebody</c>.</summary>
    public async Task<Names> NamesAsync(IEnumerable<AccountId> accounts, CancellationToken ct)
    {
        var ids = accounts.Distinct().ToArray();
        if (ids.Length == 0)
            return new Names(new Dictionary<AccountId, string>());
        var rows = await db.ListAsync(
            $"SELECT id, email, name FROM accounts WHERE id IN {Sql.In(ids)}",
            row => (Id: new AccountId(row.Guid("id")), Name: NameOf(row.TextOrNull("name"), row.Text("email"))), ct);
        return new Names(rows.ToDictionary(row => row.Id, row => row.Name));
    }
}

/// <summary>Names of some people.</summary>
internal sealed record Names(IReadOnlyDictionary<AccountId, string> ById)
{
    public string this[AccountId account] => ById.GetValueOrDefault(account, "somebody");
}
