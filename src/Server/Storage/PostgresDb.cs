using System.Collections.Immutable;
using System.Globalization;
using Npgsql;

namespace Sluice.Storage;

/// <summary>
/// The records in PostgreSQL, for several servers at once. Every write is a serializable transaction that is tried again when another one
/// was in its way. A commit whose answer got lost is never repeated blindly: the database is asked what became of that very transaction.
/// </summary>
public sealed class PostgresDb : Db
{
    private const int Tries = 60, TriesWhenTaken = 5;
    private const long MigrationLock = 0x536c75696365;   // "Sluice"

    private static readonly TimeSpan AskFor = TimeSpan.FromSeconds(30), AskEvery = TimeSpan.FromMilliseconds(100);

    private readonly NpgsqlDataSource source;
    private readonly TimeProvider clock;

    private PostgresDb(NpgsqlDataSource source, TimeProvider clock)
    {
        this.source = source;
        this.clock = clock;
    }

    /// <summary>A database server looks after its own disk: this never completes.</summary>
    public override Task<Exception> Broken { get; } = new TaskCompletionSource<Exception>().Task;

    /// <summary>Connects and brings the schema up to date. <paramref name="url"/> is <c>postgres://user:password@host:port/name?sslmode=…</c> or Npgsql's own form.</summary>
    public static PostgresDb Open(string url, TimeProvider clock)
    {
        var text = new NpgsqlConnectionStringBuilder(PostgresUrl.ToConnectionString(url)) { ApplicationName = "sluice", MaxAutoPrepare = 200 };
        var db = new PostgresDb(NpgsqlDataSource.Create(text), clock);
        try
        {
            db.Migrate();
            return db;
        }
        catch (NpgsqlException e)
        {
            db.source.Dispose();
            throw PostgresFailure.AsRefusal(e) ?? (Exception)e;
        }
        catch
        {
            db.source.Dispose();
            throw;
        }
    }

    public override async Task<T?> FindAsync<T>(Sql sql, Func<Row, T> read, CancellationToken ct)
        where T : default => await ReadAsync(
        sql,
        async reader => await reader.ReadAsync(ct) ? read(new Row(reader)) : default,
        ct);

    public override Task<ImmutableArray<T>> ListAsync<T>(Sql sql, Func<Row, T> read, CancellationToken ct) => ReadAsync(
        sql,
        async reader =>
        {
            var rows = ImmutableArray.CreateBuilder<T>();
            while (await reader.ReadAsync(ct))
                rows.Add(read(new Row(reader)));
            return rows.DrainToImmutable();
        },
        ct);

    public override ValueTask DisposeAsync() => source.DisposeAsync();

    protected override async Task<T> CommitAsync<T>(Act act, Func<Tx, T> job, CancellationToken ct)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return await TryAsync(act, job, ct);
            }
            catch (ConstraintException e) when (e.Constraint == Constraint.Unique && attempt < TriesWhenTaken)
            {
                // Perhaps another transaction took the same number in between: a second look tells. A name that is really taken stays so.
            }
            catch (Exception e) when (PostgresFailure.IsConflict(e))
            {
                if (attempt == Tries)
                    throw Refuse.Unavailable("Too many changes to the same thing at once: try again in a moment.");
                await Task.Delay(TimeSpan.FromMilliseconds(Random.Shared.Next(1, Math.Min(attempt * 4, 100))), clock, ct);
            }
            catch (NpgsqlException e) when (PostgresFailure.AsRefusal(e) is { } refusal)
            {
                throw refusal;
            }
        }
    }

    private async Task<T> TryAsync<T>(Act act, Func<Tx, T> job, CancellationToken ct)
    {
        await using var connection = await source.OpenConnectionAsync(ct);
        await using var transaction = await connection.BeginTransactionAsync(System.Data.IsolationLevel.Serializable, ct);
        var tx = new PostgresTx(connection);
        var result = job(tx);
        tx.Execute(EventRow(act, clock.GetUtcNow()));
        var id = tx.Find($"SELECT CAST(pg_current_xact_id() AS TEXT) AS id", r => r.Text("id"))!;
        CrashGate.Pass("postgres.commit");
        try
        {
            await transaction.CommitAsync(CancellationToken.None);
        }
        catch (NpgsqlException e) when (e is not PostgresException { SqlState: not null } || PostgresFailure.LeavesCommitOpen(e))
        {
            if (!await CommittedAsync(act, id, e))
                throw Refuse.Unavailable("The database went away before the change was made: nothing was changed; try again in a moment.");
        }
        CrashGate.Pass("postgres.committed");
        return result;
    }

    /// <summary>The answer to COMMIT was lost. What became of the transaction is known to the database itself, by the transaction's id.</summary>
    private async Task<bool> CommittedAsync(Act act, string transaction, NpgsqlException lost)
    {
        var start = clock.GetTimestamp();
        while (clock.GetElapsedTime(start) < AskFor)
        {
            try
            {
                await using var ask = source.CreateCommand($"SELECT pg_xact_status('{ulong.Parse(transaction, CultureInfo.InvariantCulture)}'::xid8)");
                switch (await ask.ExecuteScalarAsync(CancellationToken.None))
                {
                    case "committed":
                        return true;
                    case "aborted":
                        return false;
                }
            }
            catch (NpgsqlException)
            {
                // Still away: ask again.
            }
            await Task.Delay(AskEvery, clock, CancellationToken.None);
        }
        throw new UnknownOutcomeException(act.What, lost);
    }

    private async Task<T> ReadAsync<T>(Sql sql, Func<NpgsqlDataReader, Task<T>> read, CancellationToken ct)
    {
        try
        {
            await using var command = source.CreateCommand(sql.Text);
            PostgresTx.Bind(command, sql);
            await using var reader = await command.ExecuteReaderAsync(ct);
            return await read(reader);
        }
        catch (NpgsqlException e) when (PostgresFailure.AsRefusal(e) is { } refusal)
        {
            throw refusal;
        }
    }

    /// <summary>Under a lock of the whole database, so that of several servers that start together one migrates.</summary>
    private void Migrate()
    {
        var all = Migration.All(Dialect.Postgres);
        using var connection = source.OpenConnection();
        while (true)
        {
            using var transaction = connection.BeginTransaction();
            var tx = new PostgresTx(connection);
            tx.Find($"SELECT pg_advisory_xact_lock({MigrationLock})", _ => true);
            tx.Run(Dialect.History);
            var version = tx.Find($"SELECT COALESCE(MAX(version), 0) AS version FROM schema_migrations", r => r.Int("version"));
            if (Migration.After(version, all) is not [var next, ..])
                return;
            tx.Run(next.Text);
            tx.Execute($"INSERT INTO schema_migrations (version, name, applied_at) VALUES ({next.Version}, {next.Name}, {clock.GetUtcNow()})");
            CrashGate.Pass("migration.written");
            transaction.Commit();
        }
    }
}
