using Sluice.Apps;
using Sluice.Dynos;
using Sluice.Jobs;
using Sluice.Logs;
using Sluice.Runtime;
using Sluice.Slugs;
using Sluice.Storage;

namespace Sluice.Releases;

/// <summary>
/// One release from where its row says it is to its end. Each step may be repeated, and a kill between any two of them ends in all old or all new:
/// <code>
/// waiting ─► phase ─► boot ─► (ready) ─► decided ─► done
///            run once │ boot beside the old │ of a group: waits for the others │ flip, go forward whatever comes
/// </code>
/// Before the decision the old release serves and a failure leaves it alone; after it, a crash goes forward.
/// </summary>
internal sealed class ReleaseSteps(ReleaseLedger ledger, CurrentPlans plans, SlugCatalog slugs, FormationTable formations, DynoFleet fleet, ReleasePhase phase, TimeProvider clock)
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(1);

    private readonly Gatherings gatherings = new(ledger, fleet, clock);
    private readonly GroupFlips flips = new(ledger, plans, fleet);

    /// <summary>What a release in flight waits for that is neither its command nor its dynos' boot: one sentence; null when nothing keeps it up.</summary>
    public async Task<string?> WhyItWaitsAsync(Release release, CancellationToken ct) =>
        release.IsTerminal ? null
        : release is { Step: "waiting", Group: { } group } && await ledger.IsIncompleteAsync(group, ct) ? "Another target of this promotion waits behind an earlier release of its app."
        : gatherings.Holds(release) ? "It is ready, and the other targets of this promotion are not yet."
        : fleet.TroubleOf(release.App);

    /// <summary>Returns when the release has ended, or its app is gone. An exception means that the records or a decided flip are in trouble: call again.</summary>
    public async Task TakeToItsEndAsync(Release release, CancellationToken ct)
    {
        if (release.Step == "phase")
        {
            await EndAsync(release, "failed", "Sluice was stopped while the release command ran, and does not run it twice unasked: release again.", ct);
            return;
        }
        if (release.Step != "decided" && !await DecideAsync(release, ct))
            return;
        await GoForwardAsync(release, isResumed: release.Step == "decided", ct);
    }

    /// <summary>Phase and boot. True when it is decided that this release becomes the current one; otherwise it has ended.</summary>
    private async Task<bool> DecideAsync(Release release, CancellationToken ct)
    {
        var outcome = await TryAsync(() => GetReadyAsync(release, ct), ct);
        if (outcome is Outcome.Ready(var plan))
        {
            CrashGate.Pass("release.ready");
            outcome = await TryAsync(() => DecideAsync(release, plan, ct), ct);
        }
        switch (outcome)
        {
            case Outcome.Ready:
                return true;
            case Outcome.Over:
                await fleet.DiscardAsync(release.App, release.Version, ct);
                return false;
            case Outcome.Failed(var why):
                await EndAsync(release, "failed", why, ct);
                return false;
            case Outcome.Errored(var why):
                await EndAsync(release, "errored", "Platform error: " + why, ct);
                return false;
            default:
                return false;
        }
    }

    /// <summary>Alone, or together with the others of its group when all are prepared.</summary>
    private async Task<Outcome> DecideAsync(Release release, DynoPlan plan, CancellationToken ct)
    {
        if (release.Group is not { } group)
            return await ledger.NoteAsync(release, "decided", ct) ? new Outcome.Ready(plan) : new Outcome.Over();
        if (release.Step != "ready" && !await ledger.NoteAsync(release, "ready", ct))
            return new Outcome.Over();
        return await gatherings.JoinAsync(release, group, plan, ct) switch
        {
            Gathered.Decided => new Outcome.Ready(plan),
            Gathered.Unhealthy(var why) => new Outcome.Failed(why),
            _ => new Outcome.Over(),
        };
    }

    private async Task EndAsync(Release release, string status, string why, CancellationToken ct)
    {
        CrashGate.Pass("release.unready");
        await ledger.EndAsync(release, status, why, ct);
        if (release.Group is { } group)
            gatherings.Close(group);
        await fleet.DiscardAsync(release.App, release.Version, ct);
    }

    private async Task<Outcome> GetReadyAsync(Release release, CancellationToken ct)
    {
        if (await plans.OfAsync(release, ct) is not { } plan)
            return new Outcome.Gone();
        var slug = await slugs.FindAsync(release.Slug!.Value, ct);
        var isNoted = release.Step != "waiting";
        if (!isNoted && slug!.ProcessTypes.TryGetValue(ReleasePhase.ProcessType, out var command))
        {
            if (await RunPhaseAsync(release, plan, command, ct) is { } why)
                return new Outcome.Failed(why);
            isNoted = true;
        }
        return await BootAsync(release, plan, isNoted, ct) is Prepared.Unhealthy unhealthy ? new Outcome.Failed(unhealthy.Why) : new Outcome.Ready(plan);
    }

    /// <summary>It began to boot, maybe under an earlier server: what came up since is kept, and its time limit goes on.</summary>
    internal static bool HasBegunToBoot(Release release) => release.Step is "boot" or "ready";

    private async Task<Prepared> BootAsync(Release release, DynoPlan plan, bool isNoted, CancellationToken ct)
    {
        using var span = Traces.Start("release.boot");
        // Noted beside the boot, which need not wait for it.
        var noting = isNoted ? Task.FromResult(true) : ledger.NoteAsync(release, "boot", ct);
        try
        {
            // One that had been ready in time, and lost its dynos since, has a minute for new ones.
            return await fleet.PrepareAsync(plan, release.Step == "boot" ? release.UpdatedAt : null, ct);
        }
        finally
        {
            await noting;
        }
    }

    private async Task<string?> RunPhaseAsync(Release release, DynoPlan plan, string command, CancellationToken ct)
    {
        using var span = Traces.Start("release.phase");
        await using (var log = phase.Begin(release.Id))
        {
            if (!await ledger.NoteAsync(release, "phase", ct))
                return "The release ended while it waited.";
            var size = (await formations.ListAsync(release.App, ct)).FirstOrDefault(f => f.Type == ReleasePhase.ProcessType)?.Size ?? DynoSize.Default.Name;
            if (await RunUnlessOverAsync(release, plan, command, size, log, ct) is { } why)
                return why;
        }
        CrashGate.Pass("release.phase.ran");
        return await ledger.NoteAsync(release, "boot", ct) ? null : "The release ended while its command ran.";
    }

    /// <summary>Null when it succeeded. The command of one of a group is stopped when the release has ended, with the group or with its app: nothing will come of it,
    /// and what is released to the app next would wait for it.</summary>
    private async Task<string?> RunUnlessOverAsync(Release release, DynoPlan plan, string command, string size, OutputLog log, CancellationToken ct)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(ct);
        var running = phase.RunAsync(plan, command, size, log, stop.Token);
        try
        {
            while (release.Group is not null && !running.IsCompleted)
            {
                var change = ledger.Changed.Next;
                if (await ledger.FindAsync(release.Id, ct) is not { IsTerminal: false })
                    return await StopAsync();
                await Task.WhenAny(running, Pulse.WaitAsync(change, LookEvery, clock, ct));
            }
            return await running;
        }
        finally
        {
            await stop.CancelAsync();
            await ((Task)running).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        async Task<string> StopAsync()
        {
            await stop.CancelAsync();
            await ((Task)running).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            const string Why = "The release command was stopped, since the promotion failed on another target.";
            await log.WriteLineAsync(Why, ct);
            return Why;
        }
    }

    /// <summary>The decision stands: flip, then say so.</summary>
    private async Task GoForwardAsync(Release release, bool isResumed, CancellationToken ct)
    {
        if (await plans.OfAsync(release, ct) is not { } plan)
            return;
        // After a crash its dynos may be gone. Boot them first if they can be, so that the flip finds someone to answer; flip in any case.
        if (isResumed)
            await TryAsync(async () => await fleet.PrepareAsync(plan, null, ct) is Prepared.Healthy ? new Outcome.Ready(plan) : new Outcome.Failed(""), ct);
        using (Traces.Start("release.flip"))
            await (release.Group is { } group ? flips.MakeAsync(group, ct) : fleet.FlipAsync(plan, ct));
        CrashGate.Pass("release.flipped");
        await ledger.EndAsync(release, "succeeded", null, ct);
        // Its formation may have changed since the plan was made.
        plans.Nudge(release.App);
    }

    /// <summary>What the platform does wrong before a decision ends the release as errored, but for trouble with the records, which must be asked again.</summary>
    private static async Task<Outcome> TryAsync(Func<Task<Outcome>> work, CancellationToken ct)
    {
        try
        {
            return await work();
        }
        catch (RefusedException refused) when (refused.Kind != RefusalKind.Unavailable)
        {
            return new Outcome.Errored(refused.Message);
        }
        catch (Exception trouble) when (!ct.IsCancellationRequested && trouble is not (RefusedException or StorageBrokenException or UnknownOutcomeException))
        {
            return new Outcome.Errored(trouble.Message);
        }
    }

    private abstract record Outcome
    {
        private Outcome() { }

        public sealed record Ready(DynoPlan Plan) : Outcome;

        /// <summary>The app was destroyed.</summary>
        public sealed record Gone : Outcome;

        /// <summary>The release has ended meanwhile.</summary>
        public sealed record Over : Outcome;

        public sealed record Failed(string Why) : Outcome;

        public sealed record Errored(string Why) : Outcome;
    }
}
