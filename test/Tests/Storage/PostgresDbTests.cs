using Npgsql;
using Sluice.Storage;

namespace Sluice.Tests.Storage;

/// <summary>What goes wrong between Sluice and a database server, and what is sure afterwards.</summary>
public sealed class PostgresDbTests
{
    private static readonly CancellationToken None = CancellationToken.None;

    [Fact]
    public async Task A_commit_whose_answer_got_lost_is_known_to_have_happened()
    {
        await using var test = await TestDb.OpenAsync("postgres");
        await using var proxy = new CuttingProxy(new NpgsqlConnectionStringBuilder(test.Place).Host!);
        await using var db = PostgresDb.Open(proxy.Through(test.Place), TimeProvider.System);
        proxy.CutAt("COMMIT", delivered: true);
        await AddAsync(db, "ada@localhost");
        Assert.Equal(1, proxy.Cuts);
        Assert.Equal(["ada@localhost"], await EmailsAsync(test.Db));
    }

    [Fact]
    public async Task A_commit_that_never_arrived_is_known_not_to_have_happened()
    {
        await using var test = await TestDb.OpenAsync("postgres");
        await using var proxy = new CuttingProxy(new NpgsqlConnectionStringBuilder(test.Place).Host!);
        await using var db = PostgresDb.Open(proxy.Through(test.Place), TimeProvider.System);
        proxy.CutAt("COMMIT", delivered: false);
        var refused = await Assert.ThrowsAsync<RefusedException>(() => AddAsync(db, "ada@localhost"));
        Assert.Contains("nothing was changed", refused.Message);
        Assert.Equal(1, proxy.Cuts);
        Assert.Empty(await EmailsAsync(test.Db));
        await AddAsync(db, "ada@localhost");
        Assert.Equal(["ada@localhost"], await EmailsAsync(test.Db));
    }

    [Fact]
    public async Task A_connection_that_dies_inside_a_job_changes_nothing_and_the_next_write_works()
    {
        await using var test = await TestDb.OpenAsync("postgres");
        var refused = await Assert.ThrowsAsync<RefusedException>(() => test.Db.WriteAsync(
            new Act("test", "x"),
            tx =>
            {
                Insert(tx, "ada@localhost");
                tx.Find($"SELECT pg_terminate_backend(pg_backend_pid()) AS gone", r => r.Flag("gone"));
            },
            None));
        Assert.Equal(RefusalKind.Unavailable, refused.Kind);
        Assert.Empty(await EmailsAsync(test.Db));
        await AddAsync(test.Db, "ada@localhost");
    }

    [Fact]
    public async Task Jobs_that_read_what_others_write_behave_as_if_one_after_the_other()
    {
        await using var test = await TestDb.OpenAsync("postgres");
        var taken = await Task.WhenAll(Enumerable.Range(0, 12).Select(i => Task.Run(() => test.Db.WriteAsync(
            new Act("test", "x"),
            tx =>
            {
                var count = tx.Find($"SELECT COUNT(*) AS n FROM accounts", r => r.Int("n"));
                Thread.Yield();
                Insert(tx, $"{count:00}@localhost");
                return count;
            },
            None))));
        Assert.Equal(Enumerable.Range(0, 12), taken.Order());
    }

    [Fact]
    public async Task Servers_that_start_together_migrate_once()
    {
        await using var test = await TestDb.OpenAsync("postgres");
        await using (var connection = new NpgsqlConnection(test.Place))
        {
            await connection.OpenAsync();
            await using var clear = new NpgsqlCommand("DROP SCHEMA public CASCADE; CREATE SCHEMA public", connection);
            await clear.ExecuteNonQueryAsync();
        }
        var servers = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(() => PostgresDb.Open(test.Place, TimeProvider.System))));
        Assert.Equal(Migration.All(Dialect.Postgres).Length, await servers[0].FindAsync($"SELECT COUNT(*) AS n FROM schema_migrations", r => r.Int("n"), None));
        foreach (var server in servers)
            await server.DisposeAsync();
    }

    [Fact]
    public async Task A_server_that_is_away_or_does_not_let_us_in_is_a_sentence()
    {
        var away = Assert.Throws<RefusedException>(() => PostgresDb.Open("postgres://sluice@127.0.0.1:1/sluice", TimeProvider.System));
        Assert.Contains("does not answer", away.Message);
        var unknown = await PostgresServer.ConnectionStringAsync("nowhere");
        var closed = Assert.Throws<RefusedException>(() => PostgresDb.Open(unknown, TimeProvider.System));
        Assert.Contains("does not let Sluice in", closed.Message);
    }

    [Fact]
    public async Task Text_that_the_database_cannot_hold_is_refused_by_a_sentence()
    {
        await using var test = await TestDb.OpenAsync("postgres");
        var refused = await Assert.ThrowsAsync<RefusedException>(() => AddAsync(test.Db, "a\0b"));
        Assert.Equal(RefusalKind.Invalid, refused.Kind);
    }

    [Theory]
    [InlineData("postgres://ada:p%40ss@db.example.com:6432/sluice?sslmode=verify-full", "Host=db.example.com;Port=6432;Username=ada;Password=p@ss;Database=sluice;SSL Mode=VerifyFull")]
    [InlineData("postgresql://ada@db.example.com/sluice", "Host=db.example.com;Username=ada;Database=sluice")]
    [InlineData("Host=/run/postgresql;Database=sluice", "Host=/run/postgresql;Database=sluice")]
    public void The_address_is_the_URL_that_people_have(string url, string expected) =>
        Assert.Equal(new NpgsqlConnectionStringBuilder(expected).ToString(), new NpgsqlConnectionStringBuilder(PostgresUrl.ToConnectionString(url)).ToString());

    private static Task AddAsync(Db db, string email) => db.WriteAsync(new Act("account.create", "x"), tx => Insert(tx, email), None);

    private static void Insert(Tx tx, string email) =>
        tx.Execute($"INSERT INTO accounts (id, email, created_at, updated_at) VALUES ({AccountId.New()}, {email}, 0, 0)");

    private static async Task<string[]> EmailsAsync(Db db) =>
        [.. await db.ListAsync($"SELECT email FROM accounts ORDER BY email", r => r.Text("email"), None)];
}
