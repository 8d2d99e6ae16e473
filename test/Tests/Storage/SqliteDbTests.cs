using Sluice.Storage;

namespace Sluice.Tests.Storage;

public sealed class SqliteDbTests : IDisposable
{
    private static readonly CancellationToken None = CancellationToken.None;
    private readonly TempFolder folder = new();

    [Fact]
    public async Task What_was_written_is_there_after_reopening()
    {
        var path = folder.At("sluice.db");
        await using (var db = SqliteDb.Open(path, TimeProvider.System))
            await AddAccount(db, "ada@localhost");
        await using var again = SqliteDb.Open(path, TimeProvider.System);
        Assert.Equal(["ada@localhost"], await Emails(again));
    }

    [Fact]
    public async Task A_reader_sees_a_write_as_soon_as_it_was_acknowledged()
    {
        await using var db = Open();
        for (var i = 0; i < 50; i++)
        {
            await AddAccount(db, $"{i}@localhost");
            Assert.Equal(i + 1, (await Emails(db)).Length);
        }
    }

    [Fact]
    public async Task A_second_process_is_refused_by_a_sentence()
    {
        await using var db = Open();
        var refused = Assert.Throws<RefusedException>(Open);
        Assert.StartsWith("Another Sluice already uses", refused.Message);
    }

    public void Dispose() => folder.Dispose();

    private SqliteDb Open() => SqliteDb.Open(folder.At("sluice.db"), TimeProvider.System);

    internal static Task AddAccount(Db db, string email) => db.WriteAsync(
        new Act("account.create", email),
        tx => tx.Execute($"INSERT INTO accounts (id, email, created_at, updated_at) VALUES ({AccountId.New()}, {email}, {DateTimeOffset.UnixEpoch}, {DateTimeOffset.UnixEpoch})"),
        None);

    internal static async Task<string[]> Emails(Db db) =>
        [.. await db.ListAsync($"SELECT email FROM accounts ORDER BY email", r => r.Text("email"), None)];
}
