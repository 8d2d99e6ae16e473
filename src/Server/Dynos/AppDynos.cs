using System.Collections.Immutable;
using Sluice.Jobs;
using Sluice.Router;
using Sluice.Runtime;
using Route = Sluice.Router.Route;

namespace Sluice.Dynos;

/// <summary>
/// One app's dynos: what is wanted, what is being prepared, what runs. Everything that happens (a new plan, a word from the runtime, a finished
/// start or stop, an alarm) ends in <see cref="Step_NeedsLock"/>, which compares and starts what is missing; the starts, stops and
/// pushes themselves run beside it and report back. So no app waits for another, and every step may come twice.
/// </summary>
internal sealed class AppDynos : IDisposable
{
    public static readonly TimeSpan BootLimit = TimeSpan.FromSeconds(60), DrainLimit = TimeSpan.FromSeconds(30), Grace = TimeSpan.FromSeconds(30);

    /// <summary>The runtime says itself when a web dyno took too long; this is for one that does not.</summary>
    private static readonly TimeSpan BootLimitOfLastResort = BootLimit + TimeSpan.FromSeconds(5);

    /// <summary>How long a preparation puts up with a runtime that cannot start dynos: longer than a restart of the agent takes.</summary>
    private static readonly TimeSpan LaunchPatience = TimeSpan.FromSeconds(10);

    private readonly AppId app;
    private readonly FleetWorld world;
    private readonly Lock gate = new();
    private readonly ITimer alarm;
    private readonly Pulse changed = new();
    private readonly AppRoute route;
    private readonly DynoMoves moves;

    // Touched under the gate.
    private readonly Roster dynos = new();
    private readonly Crashes crashes = new();
    private DynoPlan? wanted, next;
    private bool isOpen, isForgotten;

    public AppDynos(AppId app, FleetWorld world)
    {
        (this.app, this.world) = (app, world);
        route = new AppRoute(app, world, gate, Route_NeedsLock, Step_NeedsLock);
        moves = new DynoMoves(app, world, gate, See_NeedsLock, End_NeedsLock, Step_NeedsLock);
        // What starts a dyno again after a crash is not the request that first spoke of the app.
        using var _ = ExecutionContext.SuppressFlow();
        alarm = world.Clock.CreateTimer(_ => Step(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>What the router knows of it. Needs no lock from outside.</summary>
    public AppRoute Published => route;

    /// <summary>True when nothing is left to look after.</summary>
    public bool IsEmpty
    {
        get
        {
            lock (gate)
                return isForgotten && dynos.IsEmpty && route.IsGone_NeedsLock;
        }
    }

    /// <summary>From now on it may start and stop. <paramref name="published"/>: its route was pushed with the whole table.</summary>
    public void Open(Route? published)
    {
        lock (gate)
        {
            isOpen = true;
            route.Is_NeedsLock(published);
            Step_NeedsLock();
        }
    }

    /// <summary>For an app that is first heard of after the fleet took over.</summary>
    public void OpenIfClosed()
    {
        lock (gate)
        {
            if (isOpen)
                return;
            isOpen = true;
            Step_NeedsLock();
        }
    }

    public Route? RouteNow()
    {
        lock (gate)
            return Route_NeedsLock();
    }

    public void Want(DynoPlan plan)
    {
        lock (gate)
        {
            // A plan made before a flip may arrive after it.
            if (isForgotten || wanted?.Generation > plan.Generation)
                return;
            wanted = plan;
            if (next?.Generation <= plan.Generation)
                next = null;
            Step_NeedsLock();
        }
    }

    public void Forget()
    {
        lock (gate)
        {
            (isForgotten, wanted, next) = (true, null, null);
            Step_NeedsLock();
        }
    }

    /// <summary>What the runtime says of a dyno, maybe one from before the server's start: it keeps its slot if it is the first there. The runtime remembers some that have ended.</summary>
    public void Adopt(DynoStatus status)
    {
        lock (gate)
        {
            if (status.State is DynoState.Starting or DynoState.Up && !dynos.Knows(status.Id))
            {
                var slot = Slot.Of(status);
                dynos.Add(new Dyno(status, slot, world.Clock.Monotonic) { Phase = dynos.Fills(slot) ? DynoPhase.Leaving : DynoPhase.Kept });
                Step_NeedsLock();
            }
            See_NeedsLock(status);
        }
    }

    /// <summary>Those that the runtime should know of now.</summary>
    public ImmutableArray<DynoId> Running()
    {
        lock (gate)
            return [.. dynos.All.Where(d => d.Phase is DynoPhase.Kept or DynoPhase.Retiring && !d.HasEnded).Select(d => d.Id)];
    }

    /// <summary>The runtime no longer knows it: the machine or the agent lost it.</summary>
    public void Lost(DynoId id)
    {
        lock (gate)
        {
            if (dynos.Find(id) is { HasEnded: false } lost)
                See_NeedsLock(lost.Status with { State = DynoState.Crashed, Reason = "It was gone when the platform looked.", Since = world.Clock.GetUtcNow() });
        }
    }

    /// <summary>What keeps its dynos from starting, or the router from leading to them; null when nothing does.</summary>
    public string? Trouble()
    {
        lock (gate)
            return dynos.All.FirstOrDefault(d => d is { Phase: DynoPhase.Launching, LaunchTrouble: not null })?.LaunchTrouble?.Why is { } why ? $"{why.Message} Dynos cannot start." : route.Trouble_NeedsLock;
    }

    public void Expect(DynoPlan plan)
    {
        lock (gate)
        {
            crashes.Forget(slot => slot.Generation == plan.Generation);
            next = plan;
            Step_NeedsLock();
        }
    }

    public async Task<Prepared> PrepareAsync(DynoPlan plan, DateTimeOffset? since, CancellationToken ct)
    {
        Expect(plan);
        var begun = world.Clock.Monotonic;
        // Its minute goes on where a server that is no more left it; how long that was ago only the date tells.
        var limit = (plan.Health is null ? BootLimit : BootLimitOfLastResort) - Passed(since);   // the runtime says what a path answered
        while (true)
        {
            var signal = changed.Next;
            if (Look(plan, world.Clock.Monotonic >= begun + limit) is { } outcome)
                return outcome;
            // Looks again after a second in any case: trouble with the runtime ripens by time alone.
            await Pulse.WaitAsync(signal, TimeSpan.FromSeconds(1), world.Clock, ct);
        }
    }

    private TimeSpan Passed(DateTimeOffset? since) => since is { } then && world.Clock.GetUtcNow() - then is { Ticks: > 0 } passed ? passed : TimeSpan.Zero;

    public Prepared? Look(DynoPlan plan, bool isTooLate)
    {
        lock (gate)
            return Outcome_NeedsLock(plan, isTooLate);
    }

    public async Task FlipAsync(DynoPlan plan, CancellationToken ct)
    {
        Want(plan);
        while (true)
        {
            Task signal;
            lock (gate)
            {
                signal = changed.Next;
                if (isForgotten || wanted?.Generation > plan.Generation || route.IsSettled_NeedsLock)
                    return;
            }
            await signal.WaitAsync(ct);
        }
    }

    public void Discard(int generation)
    {
        lock (gate)
        {
            if (next?.Generation == generation)
                next = null;
            Step_NeedsLock();
        }
    }

    /// <summary>False when nothing is planned by that type or name.</summary>
    public bool Restart(string? typeOrName) => Replace(typeOrName, d => d.Slot.IsWeb && d.IsUp ? DynoPhase.Retiring : DynoPhase.Leaving);

    /// <summary>False when nothing is planned by that type or name.</summary>
    public bool Stop(string typeOrName) => Replace(typeOrName, _ => DynoPhase.Leaving);

    public ImmutableArray<DynoStatus> Statuses()
    {
        lock (gate)
        {
            var live = dynos.All.Where(d => d.Phase != DynoPhase.Gone && !d.HasEnded).Select(d => d.Status).ToList();
            var resting = crashes.All.Where(c => PlanOf(c.Slot) is not null && !live.Exists(s => Slot.Of(s) == c.Slot)).Select(c => c.Last);
            return [.. live.Concat(resting).OrderByDescending(s => s.Generation == wanted?.Generation).ThenBy(s => s.Type, StringComparer.Ordinal).ThenBy(s => Slot.Of(s).Index)];
        }
    }

    public void Dispose() => alarm.Dispose();

    private void Step()
    {
        lock (gate)
            Step_NeedsLock();
    }

    /// <summary>1. what no plan names leaves; 2. what is missing starts; 3. the route follows; 4. what no route leads to stops; 5. the alarm is set.</summary>
    private void Step_NeedsLock()
    {
        dynos.Tidy(world.Clock.Monotonic);
        crashes.Forget(slot => slot.Generation != wanted?.Generation && slot.Generation != next?.Generation);
        if (isOpen && !world.Stopping.IsCancellationRequested)
        {
            var now = world.Clock.Monotonic;
            LetGo_NeedsLock(now);
            Launch_NeedsLock(now);
            route.Follow_NeedsLock();
            StopLeaving_NeedsLock();
            SetAlarm_NeedsLock(now);
        }
        changed.Beat();
    }

    private void LetGo_NeedsLock(TimeSpan now)
    {
        foreach (var dyno in dynos.All)
        {
            if (dyno.FillsSlot && dyno.Status.State == DynoState.Starting && dyno.LaunchTrouble is null && now >= dyno.Since + BootLimitOfLastResort)
                End_NeedsLock(dyno, "R10: did not accept on $PORT within 60 s");
            var isSuperseded = dyno.Phase == DynoPhase.Retiring && dynos.IsUpIn(dyno.Slot);
            if (dyno.Phase is DynoPhase.Launching or DynoPhase.Kept or DynoPhase.Retiring && (isSuperseded || !Fits(dyno)))
                dyno.Phase = DynoPhase.Leaving;
        }
    }

    private void Launch_NeedsLock(TimeSpan now)
    {
        foreach (var (slot, plan, process) in Slots_NeedsLock())
        {
            // Other types than web never overlap.
            var mustWait = !slot.IsWeb && dynos.IsBefore(slot);
            var rests = crashes.Find(slot) is { } crash && (crash.RestsUntil > now || ReferenceEquals(plan, next));
            if (!dynos.Fills(slot) && !mustWait && !rests)
                LaunchOne_NeedsLock(slot, plan, process, now);
        }
    }

    private void LaunchOne_NeedsLock(Slot slot, DynoPlan plan, PlannedProcess process, TimeSpan now)
    {
        var start = plan.Start(slot, process);
        var dyno = new Dyno(start.Asked(world.Clock.GetUtcNow()), slot, now) { Phase = DynoPhase.Launching };
        dynos.Add(dyno);
        dyno.Launch = Task.Run(() => moves.LaunchAsync(dyno, start));
    }

    private void See_NeedsLock(DynoStatus status)
    {
        if (dynos.Find(status.Id) is not { HasEnded: false } dyno)
            return;
        var before = (dyno.Status.State, dyno.Since);
        dyno.Becomes(status, world.Clock.Monotonic);
        if (dyno.HasEnded)
            Ended_NeedsLock(dyno, before);
        Step_NeedsLock();
    }

    private void End_NeedsLock(Dyno dyno, string why)
    {
        var before = (dyno.Status.State, dyno.Since);
        dyno.Becomes(dyno.Status with { State = DynoState.Crashed, Reason = why, Since = world.Clock.GetUtcNow() }, world.Clock.Monotonic);
        Ended_NeedsLock(dyno, before);
    }

    private void Ended_NeedsLock(Dyno dyno, (DynoState State, TimeSpan Since) before)
    {
        var filledSlot = dyno.FillsSlot;
        if (dyno.Phase < DynoPhase.Leaving)
            dyno.Phase = DynoPhase.Leaving;
        if (filledSlot)
            crashes.Add(dyno.Slot, dyno.Status, before.State == DynoState.Up ? world.Clock.Monotonic - before.Since : null, world.Clock);
    }

    private Prepared? Outcome_NeedsLock(DynoPlan plan, bool isTooLate)
    {
        if (isForgotten)
            return new Prepared.Unhealthy("The app was destroyed.");
        var web = plan.Slug is null ? null : plan.Processes.FirstOrDefault(p => p.Type == "web");
        var slots = Enumerable.Range(1, web?.Quantity ?? 0).Select(i => new Slot(plan.Generation, "web", i)).ToArray();
        if (slots.All(dynos.IsUpIn))
            return new Prepared.Healthy();
        if (slots.Select(crashes.Find).OfType<Crash>().FirstOrDefault() is { } crash)
            return GiveUp_NeedsLock(plan, $"{crash.Slot.Name} crashed while it booted: {crash.Why.TrimEnd('.')}. The app's log shows what it said.");
        var trouble = dynos.All.FirstOrDefault(d => d.Slot.Generation == plan.Generation && d.LaunchTrouble?.Since + LaunchPatience < world.Clock.Monotonic)?.LaunchTrouble;
        if (trouble is { } found)
        {
            GiveUp_NeedsLock(plan, found.Why.Message);
            throw new AgentException(found.Why.Message, found.Why);
        }
        return isTooLate ? GiveUp_NeedsLock(plan, $"The web dynos did not {(plan.Health is { } check ? $"answer GET {check.Path} with a status from 200 to 399" : "accept connections on $PORT")} within 60 seconds. The app's log shows what they said.") : null;
    }

    private Prepared.Unhealthy GiveUp_NeedsLock(DynoPlan plan, string why)
    {
        if (next?.Generation == plan.Generation)
            next = null;
        Step_NeedsLock();
        return new Prepared.Unhealthy(why);
    }

    private void StopLeaving_NeedsLock()
    {
        foreach (var dyno in dynos.All.Where(d => d.Phase == DynoPhase.Leaving))
        {
            if (route.MayLeadTo_NeedsLock(dyno))
                continue;
            dyno.Phase = DynoPhase.Stopping;
            _ = Task.Run(() => moves.StopAsync(dyno));
        }
    }

    private void SetAlarm_NeedsLock(TimeSpan now)
    {
        var rests = Slots_NeedsLock().Where(s => ReferenceEquals(s.Plan, wanted)).Select(s => crashes.Find(s.Slot)?.RestsUntil).OfType<TimeSpan>();
        var boots = dynos.All.Where(d => d.FillsSlot && d.Status.State == DynoState.Starting).Select(d => d.Since + BootLimitOfLastResort);
        var due = rests.Concat(boots).Where(at => at > now).DefaultIfEmpty(TimeSpan.MaxValue).Min();
        alarm.Change(due == TimeSpan.MaxValue ? Timeout.InfiniteTimeSpan : due - now + TimeSpan.FromMilliseconds(1), Timeout.InfiniteTimeSpan);
    }

    private bool Replace(string? typeOrName, Func<Dyno, DynoPhase> phase)
    {
        lock (gate)
        {
            bool Names(Slot slot) => typeOrName is null || slot.Type == typeOrName || slot.Name == typeOrName;
            foreach (var dyno in dynos.All.Where(d => d.FillsSlot && d.Slot.Generation == wanted?.Generation && Names(d.Slot)))
                dyno.Phase = phase(dyno);
            crashes.Forget(Names);
            Step_NeedsLock();
            return typeOrName is null || wanted?.Processes.Any(p => p.Type == typeOrName) == true || Slots_NeedsLock().Any(s => Names(s.Slot));
        }
    }

    private List<Planned> Slots_NeedsLock() => Planned.Of(wanted, next);

    private bool Fits(Dyno dyno) => PlanOf(dyno.Slot) is { Process: var process } && process.Size == dyno.Status.Size && process.Command == dyno.Status.Command;

    private Planned? PlanOf(Slot slot) => Slots_NeedsLock().Find(s => s.Slot == slot);

    private Route? Route_NeedsLock() => wanted is null ? null : new Route
    {
        App = app,
        Name = wanted.AppName,
        Hosts = wanted.Hosts,
        Targets = dynos.Targets(wanted.Generation),
        WhenEmpty = crashes.WhyEmpty(wanted),
        Maintenance = wanted.Maintenance,
        MostWebSockets = wanted.MostWebSockets,
    };
}
