using Npgsql;
using Sluice.Storage;

namespace Sluice.Tests.Storage;

/// <summary>
/// A fresh, migrated database for one test, on either side of the dialect:
/// <code>
/// [Theory, MemberData(nameof(TestDb.Both), MemberType = typeof(TestDb))]
/// public async Task …(string kind) { await using var test = await TestDb.OpenAsync(kind); test.Db … }
/// </code>
/// </summary>
public sealed class TestDb : IAsyncDisposable
{
    private readonly TempFolder? folder;
    private readonly string? database;
    private readonly string place;
    private readonly TimeProvider clock;

    private TestDb(TempFolder? folder, string? database, string place, TimeProvider clock)
    {
        this.folder = folder;
        this.database = database;
        this.place = place;
        this.clock = clock;
        Db = Open();
    }

    public static TheoryData<string> Both => ["sqlite", "postgres"];

    public Db Db { get; private set; }

    /// <summary>For PostgreSQL what <see cref="PostgresDb.Open"/> wants, for SQLite the file: a second server opens it by this.</summary>
    public string Place => place;

    public static async Task<TestDb> OpenAsync(string kind, TimeProvider? clock = null)
    {
        clock ??= TimeProvider.System;
        if (kind == "sqlite")
        {
            var temp = new TempFolder();
            return new TestDb(temp, null, temp.At("sluice.db"), clock);
        }
        var name = "t" + Guid.NewGuid().ToString("n");
        await ServerAsync($"CREATE DATABASE {name}");
        return new TestDb(null, name, await PostgresServer.ConnectionStringAsync(name), clock);
    }

    /// <summary>Closes and opens the same database again, as a restart of the server does.</summary>
    public async Task ReopenAsync()
    {
        await Db.DisposeAsync();
        Db = Open();
    }

    public async ValueTask DisposeAsync()
    {
        await Db.DisposeAsync();
        folder?.Dispose();
        if (database is not null)
            await ServerAsync($"DROP DATABASE {database} WITH (FORCE)");
    }

    private Db Open() => database is null ? SqliteDb.Open(place, clock) : PostgresDb.Open(place, clock);

    private static async Task ServerAsync(string command)
    {
        await using var connection = new NpgsqlConnection(await PostgresServer.ConnectionStringAsync("postgres"));
        await connection.OpenAsync();
        await using var run = new NpgsqlCommand(command, connection);
        await run.ExecuteNonQueryAsync();
    }
}
