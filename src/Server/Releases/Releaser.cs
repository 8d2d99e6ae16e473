using System.Collections.Concurrent;
using System.Text;
using Sluice.Accounts;
using Sluice.Jobs;
using Sluice.Logs;

namespace Sluice.Releases;

/// <summary>
/// Takes pending releases to their end: release phase, prepare, decide, flip, drain. One at a time per app, many apps at once; each step is noted in
/// the row, so that after a crash it goes on (after the decision: forward; before it: the phase is not run twice unasked).
/// </summary>
public sealed partial class Releaser : BackgroundService
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(1);

    private readonly ReleaseLedger ledger;
    private readonly ReleaseSteps steps;
    private readonly OpenLogs logs;
    private readonly AppLogs appLogs;
    private readonly AccountTable accounts;
    private readonly Wakeup wakeup;
    private readonly TimeProvider clock;
    private readonly ILogger<Releaser> logger;
    private readonly ConcurrentDictionary<AppId, bool> busy = new();

    internal Releaser(ReleaseLedger ledger, ReleaseSteps steps, OpenLogs logs, AppLogs appLogs, AccountTable accounts, Wakeup wakeup, TimeProvider clock, ILogger<Releaser> logger) =>
        (this.ledger, this.steps, this.logs, this.appLogs, this.accounts, this.wakeup, this.clock, this.logger) = (ledger, steps, logs, appLogs, accounts, wakeup, clock, logger);

    /// <summary>Says that there may be work, after a transaction that called <see cref="ReleaseLedger.Add"/>. May be lost: the worker also looks on a timer.</summary>
    public void Nudge() => wakeup.Nudge();

    /// <summary>Why a release in flight does not get on, as one sentence; null when it does, or has ended.</summary>
    public Task<string?> WhyItWaitsAsync(Release release, CancellationToken ct) => steps.WhyItWaitsAsync(release, ct);

    /// <summary>Waits for the release's turn: it has a version, slug and config then. At once when it has them.</summary>
    /// <exception cref="RefusedException">There is no such release; or its app was destroyed meanwhile.</exception>
    public Task<Release> TurnOfAsync(ReleaseId release, CancellationToken ct) => TurnOfAsync(release, new WaitingLines(null, clock), ct);

    /// <summary>Waits for the end of one release and returns it; lines of its release phase go to <paramref name="output"/> as they come, and what it waits for, if that
    /// takes longer than a second. Returns at once when it is over.</summary>
    /// <exception cref="RefusedException">There is no such release; or its app was destroyed meanwhile.</exception>
    public async Task<Release> EndOfAsync(ReleaseId release, Func<string, ValueTask>? output, CancellationToken ct)
    {
        var waiting = new WaitingLines(output, clock);
        await TurnOfAsync(release, waiting, ct);
        while (true)
        {
            var change = ledger.Changed.Next;
            var now = await ledger.FindAsync(release, ct) ?? throw Refuse.NotFound("release", release.ToString());
            if (now.HasOutput && output is not null)
            {
                await TellAsync(release, output, ct);
                output = null;
            }
            else if (now.IsTerminal)
            {
                return now;
            }
            else
            {
                await waiting.TellAsync(() => WhyItWaitsAsync(now, ct));
                await Pulse.WaitAsync(change, LookEvery, clock, ct);
            }
        }
    }

    private async Task<Release> TurnOfAsync(ReleaseId release, WaitingLines waiting, CancellationToken ct)
    {
        while (true)
        {
            var change = ledger.Changed.Next;
            var waits = await ledger.IsQueuedAsync(release, ct);   // asked first: it leaves the queue and enters the ledger in one transaction
            if (await ledger.FindAsync(release, ct) is { } found)
                return found;
            if (!waits)
                throw Refuse.NotFound("release", release.ToString());
            await waiting.TellAsync(async () => await ledger.AheadOfAsync(release, ct) is { } ahead ? $"v{ahead.Version} ({ahead.Description}) has to end first." : null);
            await Pulse.WaitAsync(change, LookEvery, clock, ct);
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var works = new List<Task>();
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                works.RemoveAll(work => work.IsCompleted);
                await ledger.EndBrokenGroupsAsync(stoppingToken);
                works.AddRange((await ledger.InFlightAsync(stoppingToken)).Where(r => busy.TryAdd(r.App, true)).Select(r => WorkAsync(r, stoppingToken)));
            }
            catch (Exception trouble) when (!stoppingToken.IsCancellationRequested)
            {
                LogNoLook(trouble);
            }
            await wakeup.WaitAsync(LookEvery, clock, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
        await Task.WhenAll(works);
    }

    private async Task WorkAsync(Release release, CancellationToken ct)
    {
        await Task.Yield();
        try
        {
            // What was in flight when we looked may have ended since, by the task before this one.
            if (await ledger.FindAsync(release.Id, ct) is not { IsTerminal: false } now)
                return;
            using var span = Traces.StartJob("release", release.Id.Value)?.SetTag("sluice.app.id", release.App.ToString()).SetTag("sluice.release", release.Version)
                .SetTag("sluice.release.id", release.Id.ToString()).SetTag("sluice.reason", release.Reason.ToString().ToLowerInvariant());
            if (now.Step == "waiting")
                await NoteAsync(now, ct);
            await steps.TakeToItsEndAsync(now, ct);
            var ended = await ledger.FindAsync(release.Id, ct);
            span.End(ended?.Status ?? "gone");
            if (ended is { Status: "failed" or "errored" })
                appLogs.Note(ended.App, $"Release v{ended.Version} failed: {ended.Failure}");
        }
        catch (OperationCanceledException) when (ct.IsCancellationRequested)
        {
            // Goes on after the next start.
        }
        catch (Exception trouble)
        {
            LogTrouble(trouble, release.App, release.Version);
            await Task.Delay(LookEvery, clock, ct).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
        finally
        {
            busy.TryRemove(release.App, out _);
            wakeup.Nudge();
        }
    }

    /// <summary>In the app's log, as Heroku says it.</summary>
    private async Task NoteAsync(Release release, CancellationToken ct)
    {
        var who = (await accounts.FindAsync(release.User, ct))?.Email ?? "someone who is gone";
        appLogs.Note(release.App, $"{release.Description} by user {who}");
        appLogs.Note(release.App, $"Release v{release.Version} created by user {who}");
        if (await ledger.IsOfOtherPackagesAsync(release.Id, ct))
            appLogs.Note(release.App, Descriptions.OtherPackages);
    }

    private async Task TellAsync(ReleaseId release, Func<string, ValueTask> output, CancellationToken ct)
    {
        var decoder = Encoding.UTF8.GetDecoder();
        var line = new StringBuilder();
        await foreach (var bytes in logs.FollowAsync(release, ct))
        {
            var text = new char[Encoding.UTF8.GetMaxCharCount(bytes.Length)];
            foreach (var c in text.AsMemory(0, decoder.GetChars(bytes.Span, text, flush: false)).ToArray())
            {
                if (c != '\n')
                {
                    line.Append(c);
                    continue;
                }
                await output(line.ToString().TrimEnd('\r'));
                line.Clear();
            }
        }
        if (line.Length > 0)
            await output(line.ToString());
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "Release v{Version} of app {App} met trouble; it goes on in a moment")]
    private partial void LogTrouble(Exception trouble, AppId app, int version);

    [LoggerMessage(Level = LogLevel.Error, Message = "The releases in flight could not be read")]
    private partial void LogNoLook(Exception trouble);
}

/// <summary>Tells someone who watches a release what it waits for: each reason once, and none that is over within a second.</summary>
internal sealed class WaitingLines(Func<string, ValueTask>? output, TimeProvider clock)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);
    private readonly long began = clock.GetTimestamp();
    private string? told;

    public async ValueTask TellAsync(Func<Task<string?>> why)
    {
        if (output is null || clock.GetElapsedTime(began) < Patience || await why() is not { } reason || reason == told)
            return;
        told = reason;
        await output("Waiting: " + reason);
    }
}
