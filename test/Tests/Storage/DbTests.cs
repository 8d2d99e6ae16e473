using System.Collections.Immutable;
using Sluice.Storage;

namespace Sluice.Tests.Storage;

/// <summary>What every database promises to the rest of Sluice.</summary>
public sealed class DbTests
{
    private static readonly CancellationToken None = CancellationToken.None;

    public static TheoryData<string> Both => TestDb.Both;

    [Theory, MemberData(nameof(Both))]
    public async Task A_write_and_its_event_are_one(string kind)
    {
        var clock = new FixedClock(DateTimeOffset.UnixEpoch.AddYears(50));
        await using var test = await TestDb.OpenAsync(kind, clock);
        var (who, app) = (AccountId.New(), AppId.New());
        await test.Db.WriteAsync(
            new Act("account.create", "ada", who, app, "request-1") { Data = """{"a":1}""" }, tx => Insert(tx, "ada@localhost"), None);

        var e = Assert.Single(await EventsAsync(test.Db));
        Assert.Equal(new Recorded(1, clock.Now, who.Value, "account.create", "ada", app.Value, "request-1", """{"a":1}"""), e);
        Assert.Equal(1, test.Db.Writes);
    }

    [Theory, MemberData(nameof(Both))]
    public async Task A_job_that_throws_changes_nothing_and_leaves_no_event(string kind)
    {
        await using var test = await TestDb.OpenAsync(kind);
        var refused = await Assert.ThrowsAsync<RefusedException>(() => test.Db.WriteAsync(
            new Act("account.create", "ada"),
            tx =>
            {
                Insert(tx, "ada@localhost");
                throw Refuse.Conflict("No.");
            },
            None));
        Assert.Equal("No.", refused.Message);
        Assert.Empty(await EmailsAsync(test.Db));
        Assert.Empty(await EventsAsync(test.Db));
        Assert.Equal(0, test.Db.Writes);
    }

    [Theory, MemberData(nameof(Both))]
    public async Task Refused_jobs_take_nobody_with_them(string kind)
    {
        await using var test = await TestDb.OpenAsync(kind);
        var writes = Enumerable.Range(0, 200).Select(i => test.Db.WriteAsync(
            new Act("account.create", $"{i}"),
            tx =>
            {
                Insert(tx, $"{i:000}@localhost");
                if (i % 3 == 0)
                    throw Refuse.Conflict("Every third.");
            },
            None)).ToArray();
        await Task.WhenAll(writes.Select(w => w.ContinueWith(_ => { }, TaskScheduler.Default)));

        Assert.All(writes.Index(), w => Assert.Equal(w.Index % 3 == 0, w.Item.IsFaulted));
        var kept = Enumerable.Range(0, 200).Where(i => i % 3 != 0).Select(i => $"{i:000}@localhost");
        Assert.Equal(kept, await EmailsAsync(test.Db));
        Assert.Equal(133, (await EventsAsync(test.Db)).Length);
    }

    [Theory, MemberData(nameof(Both))]
    public async Task A_broken_promise_of_the_schema_is_the_same_exception_on_both(string kind)
    {
        await using var test = await TestDb.OpenAsync(kind);
        await WriteAsync(test.Db, "ada@localhost");

        var taken = await Assert.ThrowsAsync<ConstraintException>(() => WriteAsync(test.Db, "ada@localhost"));
        Assert.Equal((Constraint.Unique, "accounts"), (taken.Constraint, taken.Table));
        await ExpectAsync(Constraint.ForeignKey, $"INSERT INTO api_keys (id, account_id, sha256, description, created_at) VALUES ('1', 'nobody', 'x', '', 0)");
        await ExpectAsync(Constraint.NotNull, $"INSERT INTO accounts (id, created_at, updated_at) VALUES ('1', 0, 0)");
        await ExpectAsync(Constraint.Check, $"INSERT INTO formation (id, app_id, type, quantity, size, created_at, updated_at) VALUES ('1', '1', 'web', -1, '', 0, 0)");

        async Task ExpectAsync(Constraint constraint, Sql sql)
        {
            var e = await Assert.ThrowsAsync<ConstraintException>(() => test.Db.WriteAsync(new Act("test", "x"), tx => tx.Execute(sql), None));
            Assert.Equal(constraint, e.Constraint);
        }
    }

    [Theory, MemberData(nameof(Both))]
    public async Task Every_kind_of_value_comes_back_as_it_went(string kind)
    {
        await using var test = await TestDb.OpenAsync(kind);
        var (app, owner) = (AppId.New(), AccountId.New());
        var now = DateTimeOffset.UnixEpoch.AddDays(20_000).AddMicroseconds(123_456);
        byte[] bytes = [0, 1, 255];
        await test.Db.WriteAsync(
            new Act("app.create", "shop"),
            tx =>
            {
                tx.Execute($"INSERT INTO accounts (id, email, name, created_at, updated_at) VALUES ({owner}, {"ä'; --"}, {(string?)null}, {now}, {now})");
                tx.Execute($"INSERT INTO apps (id, name, owner_id, stack, config, maintenance, created_at, updated_at) VALUES ({app}, 'shop', {owner}, '', {bytes}, {true}, {now}, {now})");
            },
            None);
        var row = await test.Db.FindAsync(
            $"SELECT a.id, a.maintenance, a.config, a.released_at, a.created_at, o.email, o.name FROM apps a JOIN accounts o ON o.id = a.owner_id WHERE a.id = {app}",
            r => new
            {
                Id = r.Guid("id"), Maintenance = r.Flag("maintenance"), Config = r.Bytes("config"), Released = r.TimeOrNull("released_at"), Created = r.Time("created_at"),
                Email = r.Text("email"), Name = r.TextOrNull("name"),
            },
            None);
        Assert.NotNull(row);
        Assert.Equal((app.Value, true, (DateTimeOffset?)null, now, "ä'; --", null), (row.Id, row.Maintenance, row.Released, row.Created, row.Email, row.Name));
        Assert.Equal(bytes, row.Config);
        Assert.Null(await test.Db.FindAsync($"SELECT id FROM apps WHERE id = {AppId.New()}", r => r.Text("id"), None));
    }

    [Theory, MemberData(nameof(Both))]
    public async Task Two_servers_never_give_out_the_same_version(string kind)
    {
        await using var test = await TestDb.OpenAsync(kind);
        await using var second = kind == "postgres" ? PostgresDb.Open(test.Place, TimeProvider.System) : null;
        Db[] servers = [test.Db, second ?? test.Db];
        var (app, owner) = (AppId.New(), AccountId.New());
        await test.Db.WriteAsync(
            new Act("app.create", "shop"),
            tx =>
            {
                tx.Execute($"INSERT INTO accounts (id, email, created_at, updated_at) VALUES ({owner}, 'ada', 0, 0)");
                tx.Execute($"INSERT INTO apps (id, name, owner_id, stack, config, created_at, updated_at) VALUES ({app}, 'shop', {owner}, '', {Array.Empty<byte>()}, 0, 0)");
            },
            None);

        var versions = await Task.WhenAll(Enumerable.Range(0, 40).Select(i => Task.Run(() => servers[i % 2].WriteAsync(
            new Act("release.create", "shop", owner, app),
            tx =>
            {
                tx.LockApp(app);
                var version = tx.Find($"SELECT COALESCE(MAX(version), 0) + 1 AS next FROM releases WHERE app_id = {app}", r => r.Int("next"));
                tx.Execute(
                    $"""
                    INSERT INTO releases (id, app_id, version, config, reason, description, status, step, user_id, created_at, updated_at)
                    VALUES ({ReleaseId.New()}, {app}, {version}, {Array.Empty<byte>()}, 'config', '', 'succeeded', 'done', {owner}, 0, 0)
                    """);
                return version;
            },
            None))));
        Assert.Equal(Enumerable.Range(1, 40), versions.Order());
    }

    [Theory, MemberData(nameof(Both))]
    public async Task What_was_acknowledged_is_there_after_reopening(string kind)
    {
        await using var test = await TestDb.OpenAsync(kind);
        await WriteAsync(test.Db, "ada@localhost");
        await test.ReopenAsync();
        Assert.Equal(["ada@localhost"], await EmailsAsync(test.Db));
    }

    [Theory, MemberData(nameof(Both))]
    public async Task A_write_that_was_cancelled_before_it_began_does_not_happen(string kind)
    {
        await using var test = await TestDb.OpenAsync(kind);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() =>
            test.Db.WriteAsync(new Act("test", "x"), tx => Insert(tx, "ada@localhost"), new CancellationToken(canceled: true)));
        Assert.Empty(await EmailsAsync(test.Db));
    }

    [Theory, MemberData(nameof(Both))]
    public async Task A_database_of_a_newer_Sluice_is_refused_by_a_sentence(string kind)
    {
        await using var test = await TestDb.OpenAsync(kind);
        await test.Db.WriteAsync(new Act("test", "x"), tx => tx.Execute($"INSERT INTO schema_migrations (version, name, applied_at) VALUES (9999, 'future', 0)"), None);
        var refused = await Assert.ThrowsAsync<RefusedException>(test.ReopenAsync);
        Assert.StartsWith("The database has schema 9999 but this Sluice knows only", refused.Message);
    }

    [Theory, MemberData(nameof(Both))]
    public async Task Migrations_ran_once_each_and_in_order(string kind)
    {
        await using var test = await TestDb.OpenAsync(kind);
        await test.ReopenAsync();
        var ran = await test.Db.ListAsync($"SELECT version FROM schema_migrations ORDER BY version", r => r.Int("version"), None);
        Assert.Equal(Enumerable.Range(1, Migration.All(Dialect.Sqlite).Length), ran);
    }

    [Theory, MemberData(nameof(Both))]
    public async Task Every_write_passes_a_crash_gate_before_and_after(string kind)
    {
        await using var test = await TestDb.OpenAsync(kind);
        List<string> gates = [];
        CrashGate.Watcher.Value = gates.Add;
        await WriteAsync(test.Db, "ada@localhost");
        CrashGate.Watcher.Value = name => throw new InvalidOperationException(name);
        await Assert.ThrowsAsync<InvalidOperationException>(() => WriteAsync(test.Db, "bob@localhost"));
        CrashGate.Watcher.Value = null;
        Assert.Equal("db:account.create", gates[0]);
        Assert.Equal("db:account.create+", gates[^1]);
        Assert.Equal(["ada@localhost"], await EmailsAsync(test.Db));
    }

    private static Task WriteAsync(Db db, string email) => db.WriteAsync(new Act("account.create", email), tx => Insert(tx, email), None);

    private static void Insert(Tx tx, string email) =>
        tx.Execute($"INSERT INTO accounts (id, email, created_at, updated_at) VALUES ({AccountId.New()}, {email}, 0, 0)");

    private static async Task<string[]> EmailsAsync(Db db) =>
        [.. await db.ListAsync($"SELECT email FROM accounts ORDER BY email", r => r.Text("email"), None)];

    private static Task<ImmutableArray<Recorded>> EventsAsync(Db db) => db.ListAsync(
        $"SELECT id, at, account_id, what, subject, app_id, request_id, data FROM events ORDER BY id",
        r => new Recorded(r.Long("id"), r.Time("at"), r.GuidOrNull("account_id"), r.Text("what"), r.Text("subject"), r.GuidOrNull("app_id"), r.TextOrNull("request_id"), r.Text("data")),
        None);

    private sealed record Recorded(long Id, DateTimeOffset At, Guid? Who, string What, string Subject, Guid? App, string? Request, string Data);

    private sealed class FixedClock(DateTimeOffset now) : TimeProvider
    {
        public DateTimeOffset Now { get; } = now;

        public override DateTimeOffset GetUtcNow() => Now;
    }
}
