using System.Diagnostics;
using Sluice.Storage;

namespace Sluice.Tests.Storage;

/// <summary>What the embedded database promises beyond <see cref="DbTests"/>: one writer, readers beside it, nothing lost to kills and full disks.</summary>
public sealed class SqliteDbTests : IDisposable
{
    private static readonly CancellationToken None = CancellationToken.None;
    private readonly TempFolder folder = new();

    private string DbFile => folder.At("sluice.db");

    [Fact]
    public async Task A_second_process_is_refused_by_a_sentence()
    {
        await using var db = Open();
        var refused = Assert.Throws<RefusedException>(Open);
        Assert.StartsWith("Another Sluice already uses " + folder.Path, refused.Message);
    }

    [Fact]
    public async Task The_file_is_its_owners_alone_and_every_commit_is_synced()
    {
        await using var db = Open();
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(DbFile));
        Assert.Equal("wal", await db.FindAsync($"PRAGMA journal_mode", r => r.Text("journal_mode"), None));
        await ExpectAsync("synchronous", 2, () => $"PRAGMA synchronous");
        await ExpectAsync("wal_autocheckpoint", 0, () => $"PRAGMA wal_autocheckpoint");
        await ExpectAsync("foreign_keys", 1, () => $"PRAGMA foreign_keys");
        await ExpectAsync("trusted_schema", 0, () => $"PRAGMA trusted_schema");

        async Task ExpectAsync(string pragma, int value, Func<Sql> sql)
        {
            Assert.Equal((pragma, value), (pragma, await db.FindAsync(sql(), r => r.Int(pragma), None)));
            Assert.Equal((pragma, value), (pragma, await db.WriteAsync(new Act("test", "x"), tx => tx.Find(sql(), r => r.Int(pragma)), None)));
        }
    }

    [Fact]
    public async Task A_read_does_not_wait_for_a_write_in_progress()
    {
        await using var db = Open();
        using var began = new ManualResetEventSlim();
        using var go = new ManualResetEventSlim();
        var write = Task.Run(() => db.WriteAsync(
            new Act("account.create", "ada"),
            tx =>
            {
                Insert(tx, "ada@localhost");
                began.Set();
                go.Wait(TimeSpan.FromSeconds(20));
            },
            None));
        Assert.True(began.Wait(TimeSpan.FromSeconds(20)));
        Assert.Empty(await EmailsAsync(db));
        go.Set();
        await write;
        Assert.Equal(["ada@localhost"], await EmailsAsync(db));
    }

    [Fact]
    public async Task Writes_and_checkpoints_do_not_wait_for_a_read_in_progress()
    {
        await using var db = Open();
        await AddAsync(db, "first@localhost");
        using var began = new ManualResetEventSlim();
        using var go = new ManualResetEventSlim();
        var read = Task.Run(() => db.ListAsync(
            $"SELECT email FROM accounts",
            r =>
            {
                began.Set();
                go.Wait(TimeSpan.FromSeconds(20));
                return r.Text("email");
            },
            None));
        Assert.True(began.Wait(TimeSpan.FromSeconds(20)));
        for (var i = 0; i < 600; i++)
            await AddAsync(db, $"{i}@localhost");
        Assert.Equal(601, (await EmailsAsync(db)).Length);
        go.Set();
        Assert.Equal(["first@localhost"], await read);
    }

    [Fact]
    public async Task The_WAL_stays_small_however_much_is_written()
    {
        await using var db = Open();
        var name = new string('n', 100_000);
        for (var i = 0; i < 400; i++)
            await db.WriteAsync(new Act("account.create", "x"), tx => tx.Execute($"INSERT INTO accounts (id, email, name, created_at, updated_at) VALUES ({AccountId.New()}, {i}, {name}, 0, 0)"), None);
        Assert.InRange(new FileInfo(DbFile + "-wal").Length, 1, 12 * 1024 * 1024);
        Assert.True(new FileInfo(DbFile).Length > 25 * 1024 * 1024, "the file holds what the WAL gave back");
    }

    [Fact]
    public async Task Many_writers_share_commits()
    {
        await using var db = Open();
        var start = Stopwatch.GetTimestamp();
        await Task.WhenAll(Enumerable.Range(0, 2000).Select(i => Task.Run(() => AddAsync(db, $"{i}@localhost"))));
        Assert.Equal(2000, (await EmailsAsync(db)).Length);
        Assert.Equal(2000, db.Writes);
        Assert.True(Stopwatch.GetElapsedTime(start) < TimeSpan.FromSeconds(30));
    }

    [Fact]
    public async Task What_was_queued_when_it_stopped_is_still_written()
    {
        var db = Open();
        var writes = Enumerable.Range(0, 100).Select(i => AddAsync(db, $"{i}@localhost")).ToArray();
        await db.DisposeAsync();
        await Task.WhenAll(writes);
        var late = await Assert.ThrowsAsync<RefusedException>(() => AddAsync(db, "late@localhost"));
        Assert.Contains("stopping", late.Message);
        await using var again = Open();
        Assert.Equal(100, (await EmailsAsync(again)).Length);
    }

    [Fact]
    public async Task A_full_disk_refuses_what_does_not_fit_and_loses_nothing()
    {
        await using var db = Open();
        await AddAsync(db, "before@localhost");
        await db.WriteAsync(new Act("test", "limit"), tx => tx.Find($"PRAGMA max_page_count = 1", r => r.Int("max_page_count")), None);
        var big = new string('n', 1_000_000);
        var writes = Enumerable.Range(0, 20).Select(i => AddAsync(db, $"{i}@localhost", i % 2 == 0 ? big : null)).ToArray();
        await Task.WhenAll(writes.Select(w => w.ContinueWith(_ => { }, TaskScheduler.Default)));
        foreach (var (i, write) in writes.Index())
        {
            if (i % 2 == 0)
                Assert.Contains("is full: nothing was changed; free some space", (await Assert.ThrowsAsync<RefusedException>(() => write)).Message);
        }
        Assert.Contains("before@localhost", await EmailsAsync(db));

        await db.WriteAsync(new Act("test", "limit"), tx => tx.Find($"PRAGMA max_page_count = 1000000", r => r.Int("max_page_count")), None);
        await AddAsync(db, "after@localhost", big);
        var accepted = writes.Count(w => w.IsCompletedSuccessfully);
        Assert.Equal(accepted + 2, (await EmailsAsync(db)).Length);
    }

    [Fact]
    public async Task A_truly_full_file_system_is_survived_and_recovered_from()
    {
        Assert.SkipUnless(Environment.UserName == "root", "Mounting a small file system needs root.");
        var mount = folder.At("small");
        Directory.CreateDirectory(mount);
        await RunAsync("mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", mount);
        try
        {
            await using (var db = SqliteDb.Open(Path.Combine(mount, "sluice.db"), TimeProvider.System))
            {
                await AddAsync(db, "first@localhost");
                var filler = Path.Combine(mount, "filler");
                var accepted = new List<string> { "first@localhost" };
                Assert.ThrowsAny<IOException>(() => Fill(filler));
                RefusedException? refused = null;
                for (var i = 0; i < 500 && refused is null; i++)
                {
                    try
                    {
                        await AddAsync(db, $"{i}@localhost", new string('n', 5000));
                        accepted.Add($"{i}@localhost");
                    }
                    catch (RefusedException e)
                    {
                        refused = e;
                    }
                }
                Assert.NotNull(refused);
                Assert.Equal(RefusalKind.Unavailable, refused.Kind);
                Assert.Equal(accepted.Order(StringComparer.Ordinal), await EmailsAsync(db));
                File.Delete(filler);
                await AddAsync(db, "later@localhost");
                Assert.Equal(accepted.Append("later@localhost").Order(StringComparer.Ordinal), await EmailsAsync(db));
                Assert.False(db.Broken.IsCompleted);
            }
        }
        finally
        {
            await RunAsync("umount", mount);
        }
    }

    [Fact]
    public async Task After_a_failure_under_the_file_nothing_is_written_any_more()
    {
        var db = Open();
        await AddAsync(db, "before@localhost");
        await db.WriteAsync(
            new Act("test", "damage"),
            tx =>
            {
                tx.Execute($"PRAGMA writable_schema = ON");
                tx.Execute($"UPDATE sqlite_schema SET rootpage = 1000000 WHERE name = 'formation'");
                tx.Execute($"PRAGMA schema_version = 4711");
            },
            None);
        await Assert.ThrowsAsync<StorageBrokenException>(() => db.WriteAsync(
            new Act("test", "x"),
            tx => tx.Execute($"INSERT INTO formation (id, app_id, type, quantity, size, created_at, updated_at) VALUES ('1', '1', 'web', 1, '', 0, 0)"),
            None));
        var refused = await Assert.ThrowsAsync<StorageBrokenException>(() => AddAsync(db, "after@localhost"));
        Assert.Contains("takes no more changes until it is restarted", refused.Message);
        Assert.Same(refused, await db.Broken);
        await db.DisposeAsync();
    }

    [Fact]
    public void A_place_that_cannot_be_written_or_is_no_database_is_refused_by_a_sentence()
    {
        File.WriteAllText(folder.At("file"), "");
        Assert.StartsWith("Sluice cannot write", Refusal(folder.At("nowhere/sluice.db")));
        Assert.StartsWith("Sluice cannot write", Refusal(folder.At("file/sluice.db")));
        Directory.CreateDirectory(folder.At("folder.db"));
        Assert.StartsWith("Sluice cannot write", Refusal(folder.At("folder.db")));
        File.WriteAllText(folder.At("text.db"), new string('x', 8192));
        Assert.Contains("is not an intact SQLite database", Refusal(folder.At("text.db")));

        static string Refusal(string path) => Assert.Throws<RefusedException>(() => SqliteDb.Open(path, TimeProvider.System)).Message;
    }

    [Fact]
    public async Task A_file_system_that_went_read_only_is_refused_by_a_sentence()
    {
        Assert.SkipUnless(Environment.UserName == "root", "Mounting a read-only file system needs root.");
        await using (Open())
        {
        }
        var mount = folder.At("mount");
        Directory.CreateDirectory(mount);
        await RunAsync("mount", "--bind", folder.Path, mount);
        await RunAsync("mount", "-o", "remount,bind,ro", mount);
        try
        {
            var refused = Assert.Throws<RefusedException>(() => SqliteDb.Open(Path.Combine(mount, "sluice.db"), TimeProvider.System));
            Assert.StartsWith("Sluice cannot write", refused.Message);
        }
        finally
        {
            await RunAsync("umount", mount);
        }
    }

    [Theory]
    [InlineData("3.50.4", true)]
    [InlineData("3.50.7", false)]
    [InlineData("3.51.0", true)]
    [InlineData("3.51.2", true)]
    [InlineData("3.51.3", false)]
    [InlineData("3.40.1", true)]
    [InlineData("3.52.0", false)]
    public void The_versions_with_the_WAL_defect_are_named(string version, bool needsCare) =>
        Assert.Equal(needsCare, SqliteFloor.Care(Version.Parse(version)) is not null);

    public void Dispose() => folder.Dispose();

    private SqliteDb Open() => SqliteDb.Open(DbFile, TimeProvider.System);

    private static Task AddAsync(Db db, string email, string? name = null) => db.WriteAsync(new Act("account.create", email), tx => Insert(tx, email, name), None);

    private static void Insert(Tx tx, string email, string? name = null) =>
        tx.Execute($"INSERT INTO accounts (id, email, name, created_at, updated_at) VALUES ({AccountId.New()}, {email}, {name}, 0, 0)");

    private static async Task<string[]> EmailsAsync(Db db) =>
        [.. await db.ListAsync($"SELECT email FROM accounts ORDER BY email", r => r.Text("email"), None)];

    private static void Fill(string path)
    {
        using var file = new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.None, 0);
        for (var i = 0; i < 1000; i++)
            file.Write(new byte[16 * 1024]);
    }

    private static async Task RunAsync(string program, params string[] words)
    {
        using var process = Process.Start(new ProcessStartInfo(program, words))!;
        await process.WaitForExitAsync();
        Assert.Equal(0, process.ExitCode);
    }
}
