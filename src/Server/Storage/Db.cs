using System.Collections.Immutable;

namespace Sluice.Storage;

/// <summary>
/// Who did what, said with every change: written as an event row in the same transaction, so that audit, dashboard and webhooks
/// have exactly what was committed. <paramref name="What"/> is a dotted verb (<c>release.create</c>), <paramref name="Subject"/> the id or
/// name of what it was done to; <paramref name="Who"/> is null for the platform itself.
/// </summary>
public sealed record Act(string What, string Subject, AccountId? Who = null, AppId? App = null, string? RequestId = null)
{
    /// <summary>More about it, as JSON; never a secret. Empty object by default.</summary>
    public string Data { get; init; } = "{}";

    /// <summary>The same with what it changed: for each fact its name and one value, or what it was and what it is now. An unchanged one is left out.</summary>
    public Act Changing(params ReadOnlySpan<(string Fact, string? Was, string Is)> facts)
    {
        var told = new Dictionary<string, string[]>(StringComparer.Ordinal);
        foreach (var (fact, was, now) in facts)
        {
            if (was != now)
                told[fact] = was is null ? [now] : [was, now];
        }
        return this with { Data = System.Text.Json.JsonSerializer.Serialize(told) };
    }
}

/// <summary>
/// The records. Reads never wait for the writer; a write is a job of pure SQL that commits whole or not at all, durable before the
/// task completes. A job may run twice (it is tried again on a serialisation conflict), so it must touch nothing but its <see cref="Tx"/>.
/// Every write passes the crash gates <c>db:WHAT</c> before and <c>db:WHAT+</c> after it became durable, in the caller's context.
/// </summary>
public abstract class Db : IAsyncDisposable
{
    private long writes;

    /// <summary>Of the server that writes: a stale one is refused. Null for who is no server.</summary>
    internal ServerTerm? Term { private get; set; }

    /// <summary>Writes that became durable since it was opened. Reads and refused jobs do not count.</summary>
    public long Writes => Interlocked.Read(ref writes);

    /// <summary>Completes when the disk failed under the records (see <see cref="StorageBrokenException"/>): the process should end.
    /// Never completes otherwise.</summary>
    public abstract Task<Exception> Broken { get; }

    public abstract Task<T?> FindAsync<T>(Sql sql, Func<Row, T> read, CancellationToken ct);

    public abstract Task<ImmutableArray<T>> ListAsync<T>(Sql sql, Func<Row, T> read, CancellationToken ct);

    /// <summary>Runs <paramref name="job"/> in one transaction with the event row of <paramref name="act"/>.
    /// An exception thrown by the job rolls it back and reaches the caller. Cancelling counts only until the job has begun.</summary>
    /// <exception cref="RefusedException">Unavailable: the disk is full or the database does not answer; nothing was changed.</exception>
    public async Task<T> WriteAsync<T>(Act act, Func<Tx, T> job, CancellationToken ct)
    {
        Term?.Demand();
        CrashGate.Pass("db:" + act.What);
        var result = await CommitAsync(act, job, ct);
        Interlocked.Increment(ref writes);
        CrashGate.Pass($"db:{act.What}+");
        return result;
    }

    public Task WriteAsync(Act act, Action<Tx> job, CancellationToken ct) =>
        WriteAsync(act, tx => { job(tx); return true; }, ct);

    public abstract ValueTask DisposeAsync();

    protected abstract Task<T> CommitAsync<T>(Act act, Func<Tx, T> job, CancellationToken ct);

    /// <summary>The row that says who did what.</summary>
    private protected static Sql EventRow(Act act, DateTimeOffset now) =>
        $"""
        INSERT INTO events (at, account_id, what, subject, app_id, request_id, data)
        VALUES ({now}, {act.Who}, {act.What}, {act.Subject}, {act.App}, {act.RequestId}, {act.Data})
        """;
}

/// <summary>The inside of one transaction, for the time of one job. Synchronous on purpose: nothing else can be awaited while it is open.</summary>
public abstract class Tx
{
    /// <summary>Rows changed.</summary>
    public abstract int Execute(Sql sql);

    public abstract T? Find<T>(Sql sql, Func<Row, T> read);

    public abstract ImmutableArray<T> List<T>(Sql sql, Func<Row, T> read);

    /// <summary>Takes a lock on one app's ledger until the transaction ends, so that two servers cannot both give out the next version.
    /// SQLite has one writer and needs nothing; PostgreSQL locks the app's row.</summary>
    public abstract void LockApp(AppId app);
}
