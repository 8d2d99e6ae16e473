using System.Collections.Immutable;
using System.Threading.Channels;
using Microsoft.Data.Sqlite;

namespace Sluice.Storage;

/// <summary>
/// The records in one SQLite file: one writer with a queue of its own, a few readers that never wait for it (WAL). One process at a time,
/// kept so by a lock file; that and checkpoints from the writer alone keep away from the WAL-reset defect of SQLite before 3.50.7 and 3.51.3.
/// </summary>
public sealed class SqliteDb : Db
{
    private const int Readers = 4;
    private const int WouldBlock = 11, NoSpace = 28;   // errno

    private readonly FileStream @lock;
    private readonly SqliteWriter writer;
    private readonly ImmutableArray<SqliteSession> sessions;
    private readonly Channel<SqliteSession> idle = Channel.CreateUnbounded<SqliteSession>();
    private readonly TimeProvider clock;
    private int disposed;

    private SqliteDb(FileStream @lock, SqliteSession write, string path, TimeProvider clock)
    {
        this.@lock = @lock;
        this.clock = clock;
        writer = new SqliteWriter(write, path);
        sessions = [.. Enumerable.Range(0, Readers).Select(_ => SqliteSession.Open(path, readOnly: true))];
        foreach (var session in sessions)
            idle.Writer.TryWrite(session);
    }

    public override Task<Exception> Broken => writer.Broken;

    /// <summary>Opens the file, makes it when it is missing (0600), and brings its schema up to date.</summary>
    /// <exception cref="RefusedException">Unavailable, with what to do: not writable, in use, damaged, or written by a newer Sluice.</exception>
    public static SqliteDb Open(string path, TimeProvider clock)
    {
        try
        {
            return OpenLocked(path, clock);
        }
        catch (SqliteException e) when (SqliteFailure.AsRefusal(e, path) is { } refusal)
        {
            throw refusal;
        }
        catch (UnauthorizedAccessException)
        {
            throw SqliteFailure.NotWritable(path);
        }
    }

    public override Task<T?> FindAsync<T>(Sql sql, Func<Row, T> read, CancellationToken ct)
        where T : default => ReadAsync(session => session.Find(sql, read), ct);

    public override Task<ImmutableArray<T>> ListAsync<T>(Sql sql, Func<Row, T> read, CancellationToken ct) =>
        ReadAsync(session => session.List(sql, read), ct);

    protected override Task<T> CommitAsync<T>(Act act, Func<Tx, T> job, CancellationToken ct) => writer.CommitAsync(
        tx =>
        {
            var result = job(tx);
            tx.Execute(EventRow(act, clock.GetUtcNow()));
            return result;
        },
        ct);

    public override async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref disposed, 1) == 1)
            return;
        await writer.StopAsync();
        // Readers first: the last connection to close folds the WAL into the file, and that must be the writer's.
        foreach (var _ in sessions)
            (await idle.Reader.ReadAsync()).Dispose();
        writer.Close();
        await @lock.DisposeAsync();
    }

    private async Task<T> ReadAsync<T>(Func<SqliteSession, T> read, CancellationToken ct)
    {
        ct.ThrowIfCancellationRequested();
        var session = await idle.Reader.ReadAsync(ct);
        try
        {
            return read(session);
        }
        finally
        {
            idle.Writer.TryWrite(session);
        }
    }

    private static SqliteDb OpenLocked(string path, TimeProvider clock)
    {
        var held = Lock(path + ".lock");
        SqliteSession? write = null;
        try
        {
            MakeFile(path);
            write = SqliteSession.Open(path, readOnly: false);
            Migrate(write, clock);
            return new SqliteDb(held, write, path, clock);
        }
        catch
        {
            write?.Dispose();
            held.Dispose();
            throw;
        }
    }

    private static void Migrate(SqliteSession session, TimeProvider clock)
    {
        session.Run(Dialect.History);
        var version = session.Find($"SELECT COALESCE(MAX(version), 0) AS version FROM schema_migrations", r => r.Int("version"));
        foreach (var migration in Migration.After(version, Migration.All(Dialect.Sqlite)))
        {
            session.Run("BEGIN IMMEDIATE");
            session.Run(migration.Text);
            session.Execute($"INSERT INTO schema_migrations (version, name, applied_at) VALUES ({migration.Version}, {migration.Name}, {clock.GetUtcNow()})");
            CrashGate.Pass("migration.written");
            session.Run("COMMIT");
        }
    }

    private static void MakeFile(string path)
    {
        if (Path.Exists(path))
            return;
        var disk = new RealDisk();
        disk.Create(path, UnixFileMode.UserRead | UnixFileMode.UserWrite).Dispose();
        disk.SyncFolder(Path.GetDirectoryName(path)!);
    }

    private static FileStream Lock(string path)
    {
        try
        {
            return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException e)
        {
            throw e.HResult switch
            {
                WouldBlock => Refuse.Unavailable($"Another Sluice already uses {Path.GetDirectoryName(path)}: stop it, or choose another folder with --data."),
                NoSpace => SqliteFailure.FullDisk(path),
                _ => SqliteFailure.NotWritable(path),
            };
        }
    }
}
