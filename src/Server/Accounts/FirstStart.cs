using System.Text;
using Sluice.Storage;

namespace Sluice.Accounts;

/// <summary>
/// Gives an empty data folder its first account and that account's key, in <c>DIR/admin.key</c>. The file comes first and is never rewritten: a
/// start that was cut after it goes on with the key that is in it.
/// </summary>
public sealed class FirstStart(Db db, DataFolder data, Disk disk, TimeProvider clock)
{
    public async Task EnsureAdminAsync(CancellationToken ct)
    {
        var there = await db.FindAsync($"SELECT id FROM accounts ORDER BY created_at LIMIT 1", row => row.Text("id"), ct);
        if (there is not null)
            return;
        var key = KeyInFile();
        CrashGate.Pass("accounts.key-written");
        var account = AccountId.New();
        var id = Guid.CreateVersion7();
        var now = clock.GetUtcNow();
        await db.WriteAsync(
            new Act("account.create", Account.Admin),
            tx =>
            {
                var inserted = tx.Execute(
                    $"""
                    INSERT INTO accounts (id, email, name, is_administrator, created_at, updated_at)
                    VALUES ({account}, {Account.Admin}, {"Administrator"}, {true}, {now}, {now})
                    ON CONFLICT (email) DO NOTHING
                    """);
                if (inserted == 1)
                    KeyRing.Insert(tx, id, account, key, "made on first start", expires: null, now);
            },
            ct);
    }

    private ApiKey KeyInFile()
    {
        if (disk.Read(data.AdminKey) is { } there)
            return new ApiKey(Encoding.ASCII.GetString(there).Trim());
        var key = ApiKey.New();
        disk.Publish(data.AdminKey, Encoding.ASCII.GetBytes(key.Reveal() + "\n"), UnixFileMode.UserRead | UnixFileMode.UserWrite);
        return key;
    }
}
