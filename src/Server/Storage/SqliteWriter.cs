using System.Collections.Concurrent;
using Microsoft.Data.Sqlite;

namespace Sluice.Storage;

/// <summary>
/// The one thread that changes a SQLite file. It takes what is queued, gives each job a savepoint, commits once for all (one sync), and then
/// tells the callers. It alone checkpoints, between two commits.
/// </summary>
internal sealed class SqliteWriter
{
    private const int GroupSize = 64, CommitsBetweenCheckpoints = 500;
    private const long PagesBetweenCheckpoints = 8 * 1024 * 1024 / 4096;

    private readonly BlockingCollection<Job> queue = [];
    private readonly TaskCompletionSource<Exception> broken = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly SqliteSession session;
    private readonly string path;

    // Touched by the writer's thread only.
    private int commits;
    private long pages;
    private StorageBrokenException? failure;

    public SqliteWriter(SqliteSession session, string path)
    {
        this.session = session;
        this.path = path;
        new Thread(Work) { Name = "sqlite writer", IsBackground = true }.Start();
    }

    public Task<Exception> Broken => broken.Task;

    public Task<T> CommitAsync<T>(Func<Tx, T> job, CancellationToken ct)
    {
        var queued = new Job<T>(job, ct);
        try
        {
            queue.Add(queued, CancellationToken.None);
        }
        catch (InvalidOperationException)
        {
            throw Refuse.Unavailable("Sluice is stopping: try again in a moment.");
        }
        return queued.Task;
    }

    /// <summary>Runs what was accepted, then ends.</summary>
    public Task StopAsync()
    {
        queue.CompleteAdding();
        return ended.Task;
    }

    public void Close()
    {
        session.Dispose();
        queue.Dispose();
    }

    private void Work()
    {
        var group = new List<Job>(GroupSize);
        while (queue.TryTake(out var first, Timeout.Infinite))
        {
            group.Add(first);
            while (group.Count < GroupSize && queue.TryTake(out var next))
                group.Add(next);
            group.RemoveAll(job => job.IsCancelled());
            Run(group);
            foreach (var job in group)
                job.Tell();
            group.Clear();
            Checkpoint();
        }
        ended.SetResult();
    }

    private void Run(IReadOnlyList<Job> group)
    {
        if (failure is not null)
        {
            foreach (var job in group)
                job.Fail(failure);
            return;
        }
        try
        {
            Commit(group);
        }
        catch (SqliteException e) when (group.Count > 1 && !SqliteFailure.IsFatal(e))
        {
            // Each by itself, so that the one that does not fit takes nobody with it.
            RollBack();
            foreach (var job in group)
                Run([job]);
        }
        catch (SqliteException e)
        {
            RollBack();
            var told = Translate(e);
            foreach (var job in group)
                job.Fail(told);
        }
    }

    private void Commit(IReadOnlyList<Job> group)
    {
        session.Run("BEGIN IMMEDIATE");
        foreach (var job in group)
        {
            session.Run("SAVEPOINT job");
            session.Ended = null;
            job.Attempt(session);
            if (session.Ended is { } e)
                throw e;
            session.Run(job.Failed ? "ROLLBACK TO job; RELEASE job" : "RELEASE job");
        }
        CrashGate.Pass("sqlite.commit");
        session.Run("COMMIT");
        CrashGate.Pass("sqlite.committed");
        commits++;
    }

    private Exception Translate(SqliteException e)
    {
        if (SqliteFailure.IsFatal(e))
        {
            failure = new StorageBrokenException(path, e);
            broken.TrySetResult(failure);
            return failure;
        }
        return SqliteFailure.IsFull(e) || SqliteFailure.IsBusy(e) ? SqliteFailure.AsRefusal(e, path)! : e;
    }

    private void RollBack()
    {
        try
        {
            if (session.InTransaction)
                session.Run("ROLLBACK");
        }
        catch (SqliteException e)
        {
            Translate(e);
            failure ??= new StorageBrokenException(path, e);
            broken.TrySetResult(failure);
        }
    }

    /// <summary>Copies the WAL back into the file as far as no reader needs the old pages; waits for nobody.</summary>
    private void Checkpoint()
    {
        if (failure is not null)
            return;
        pages += session.TakePagesWritten();
        if (commits < CommitsBetweenCheckpoints && pages < PagesBetweenCheckpoints)
            return;
        try
        {
            session.Run("PRAGMA wal_checkpoint(PASSIVE)");
        }
        catch (SqliteException e) when (SqliteFailure.IsFull(e) || SqliteFailure.IsBusy(e))
        {
            // The WAL still has everything; the next round tries again.
        }
        catch (SqliteException e)
        {
            Translate(e);
        }
        (commits, pages) = (0, 0);
    }

    private abstract class Job
    {
        public abstract bool Failed { get; }

        public abstract void Attempt(Tx tx);

        public abstract void Fail(Exception e);

        public abstract bool IsCancelled();

        /// <summary>Only once the outcome is durable.</summary>
        public abstract void Tell();
    }

    private sealed class Job<T>(Func<Tx, T> work, CancellationToken ct) : Job
    {
        private readonly TaskCompletionSource<T> told = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private T result = default!;
        private Exception? error;

        public Task<T> Task => told.Task;

        public override bool Failed => error is not null;

        public override void Attempt(Tx tx)
        {
            error = null;
            try
            {
                result = work(tx);
            }
            catch (Exception e)
            {
                error = e;
            }
        }

        public override void Fail(Exception e) => error = e;

        public override bool IsCancelled() => ct.IsCancellationRequested && told.TrySetCanceled(ct);

        public override void Tell()
        {
            if (error is null)
                told.SetResult(result);
            else
                told.SetException(error);
        }
    }
}
