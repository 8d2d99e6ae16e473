using System.Collections.Immutable;
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

    // Touched under the gate.
    private readonly List<Dyno> dynos = [];
    private readonly Dictionary<Slot, Crash> crashes = [];

    /// <summary>Dynos that are no more, and since when: a list of what runs may have been made just before.</summary>
    private readonly Dictionary<DynoId, DateTimeOffset> gone = [];
    private DynoPlan? wanted, next;
    private bool isOpen, isForgotten, isPublishing;
    private Route? acknowledged;
    private TaskCompletionSource changed = NewSignal();

    public AppDynos(AppId app, FleetWorld world)
    {
        (this.app, this.world) = (app, world);
        alarm = world.Clock.CreateTimer(_ => Step(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>True when nothing is left to look after.</summary>
    public bool IsEmpty
    {
        get
        {
            lock (gate)
                return isForgotten && dynos.Count == 0 && acknowledged is null && !isPublishing;
        }
    }

    /// <summary>From now on it may start and stop. <paramref name="published"/>: its route was pushed with the whole table.</summary>
    public void Open(Route? published)
    {
        lock (gate)
        {
            (isOpen, acknowledged) = (true, published ?? acknowledged);
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

    /// <summary>A dyno that the runtime lists, maybe from before the server's start: it keeps its slot if it is the first there. The runtime remembers some that have ended.</summary>
    public void Adopt(DynoStatus status)
    {
        lock (gate)
        {
            var isAlive = status.State is DynoState.Starting or DynoState.Up;
            if (isAlive && !dynos.Exists(d => d.Id == status.Id) && !gone.ContainsKey(status.Id))
            {
                var slot = Slot.Of(status);
                var isFirst = !dynos.Exists(d => d.Slot == slot && d.FillsSlot);
                dynos.Add(new Dyno(status, slot, world.Clock.GetUtcNow()) { Phase = isFirst ? DynoPhase.Kept : DynoPhase.Leaving });
                Step_NeedsLock();
            }
            See_NeedsLock(status);
        }
    }

    /// <summary>What the runtime says of a dyno; one it was not asked for is left to <see cref="Adopt"/>.</summary>
    public void See(DynoStatus status)
    {
        lock (gate)
            See_NeedsLock(status);
    }

    /// <summary>Those that the runtime should know of now.</summary>
    public ImmutableArray<DynoId> Running()
    {
        lock (gate)
            return [.. dynos.Where(d => d.Phase is DynoPhase.Kept or DynoPhase.Retiring && !d.HasEnded).Select(d => d.Id)];
    }

    /// <summary>The runtime no longer knows it: the machine or the agent lost it.</summary>
    public void Lost(DynoId id)
    {
        lock (gate)
        {
            if (dynos.Find(d => d.Id == id) is { HasEnded: false } lost)
                See_NeedsLock(lost.Status with { State = DynoState.Crashed, Reason = "It was gone when the platform looked.", Since = world.Clock.GetUtcNow() });
        }
    }

    public async Task<Prepared> PrepareAsync(DynoPlan plan, CancellationToken ct)
    {
        lock (gate)
        {
            foreach (var slot in crashes.Keys.Where(s => s.Generation == plan.Generation).ToArray())
                crashes.Remove(slot);
            next = plan;
            Step_NeedsLock();
        }
        var deadline = world.Clock.GetUtcNow() + BootLimit;
        while (true)
        {
            Task signal;
            lock (gate)
            {
                signal = changed.Task;
                if (Outcome_NeedsLock(plan, world.Clock.GetUtcNow() >= deadline) is { } outcome)
                    return outcome;
            }
            await WaitAsync(signal, deadline, ct);
        }
    }

    public async Task FlipAsync(DynoPlan plan, CancellationToken ct)
    {
        Want(plan);
        while (true)
        {
            Task signal;
            lock (gate)
            {
                signal = changed.Task;
                if (isForgotten || wanted?.Generation > plan.Generation || (!isPublishing && Same(acknowledged, Route_NeedsLock())))
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
            var live = dynos.Where(d => d.Phase != DynoPhase.Gone && !d.HasEnded).Select(d => d.Status).ToList();
            var resting = crashes.Where(c => PlanOf(c.Key) is not null && !live.Exists(s => Slot.Of(s) == c.Key)).Select(c => c.Value.Last);
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
        Tidy_NeedsLock();
        if (isOpen && !world.Stopping.IsCancellationRequested)
        {
            var now = world.Clock.GetUtcNow();
            LetGo_NeedsLock(now);
            Launch_NeedsLock(now);
            Publish_NeedsLock();
            StopLeaving_NeedsLock();
            SetAlarm_NeedsLock(now);
        }
        changed.TrySetResult();
        changed = NewSignal();
    }

    private void Tidy_NeedsLock()
    {
        var now = world.Clock.GetUtcNow();
        foreach (var dyno in dynos.Where(d => d.Phase == DynoPhase.Gone))
            gone[dyno.Id] = now;
        dynos.RemoveAll(d => d.Phase == DynoPhase.Gone);
        foreach (var old in gone.Where(g => g.Value + TimeSpan.FromMinutes(5) < now).ToArray())
            gone.Remove(old.Key);
        foreach (var slot in crashes.Keys.Where(s => s.Generation != wanted?.Generation && s.Generation != next?.Generation).ToArray())
            crashes.Remove(slot);
    }

    private void LetGo_NeedsLock(DateTimeOffset now)
    {
        foreach (var dyno in dynos)
        {
            if (dyno.FillsSlot && dyno.Status.State == DynoState.Starting && dyno.LaunchTrouble is null && now >= dyno.Since + BootLimitOfLastResort)
                End_NeedsLock(dyno, "R10: did not accept on $PORT within 60 s");
            var isSuperseded = dyno.Phase == DynoPhase.Retiring && dynos.Exists(d => d.Slot == dyno.Slot && d.Phase == DynoPhase.Kept && d.IsUp);
            if (dyno.Phase is DynoPhase.Launching or DynoPhase.Kept or DynoPhase.Retiring && (isSuperseded || !Fits(dyno)))
                dyno.Phase = DynoPhase.Leaving;
        }
    }

    private void Launch_NeedsLock(DateTimeOffset now)
    {
        foreach (var (slot, plan, process) in Slots_NeedsLock())
        {
            var isTaken = dynos.Exists(d => d.Slot == slot && d.FillsSlot);
            // Other types than web never overlap: what is left of the type's older generation, or of this very dyno, has to end first.
            var mustWait = !slot.IsWeb && dynos.Exists(d => d.Slot.Type == slot.Type && (d.Slot.Generation != slot.Generation || d.Slot == slot) && !d.HasEnded);
            var rests = crashes.TryGetValue(slot, out var crash) && (crash.TryAgainAt > now || ReferenceEquals(plan, next));
            if (!isTaken && !mustWait && !rests)
                LaunchOne_NeedsLock(slot, plan, process, now);
        }
    }

    private void LaunchOne_NeedsLock(Slot slot, DynoPlan plan, PlannedProcess process, DateTimeOffset now)
    {
        var start = new DynoStart
        {
            Id = DynoId.New(),
            App = app,
            Name = slot.Name,
            Type = slot.Type,
            Generation = slot.Generation,
            Slug = plan.Slug!.Value,
            Env = plan.Env.SetItem("DYNO", slot.Name),
            Command = process.Command,
            Size = process.Size,
        };
        var status = new DynoStatus
        {
            Id = start.Id,
            App = app,
            Name = slot.Name,
            Type = slot.Type,
            Generation = slot.Generation,
            Size = process.Size,
            Command = process.Command,
            State = DynoState.Starting,
            Since = now,
        };
        var dyno = new Dyno(status, slot, now) { Phase = DynoPhase.Launching };
        dynos.Add(dyno);
        world.Log(app, slot.Name, $"Starting process with command `{process.Command}`");
        dyno.Launch = Task.Run(() => LaunchAsync(dyno, start));
    }

    private async Task LaunchAsync(Dyno dyno, DynoStart start)
    {
        for (var pause = TimeSpan.FromMilliseconds(200); ; pause = Longer(pause))
        {
            try
            {
                var status = await world.Runtime.StartAsync(start, world.Stopping);
                lock (gate)
                {
                    dyno.LaunchTrouble = null;
                    if (dyno.Phase == DynoPhase.Launching)
                        dyno.Phase = DynoPhase.Kept;
                    // A word about it may have come before the answer to its start.
                    if (dyno.Status.State == DynoState.Starting)
                        See_NeedsLock(status);
                }
                return;
            }
            catch (RefusedException refused)
            {
                lock (gate)
                {
                    End_NeedsLock(dyno, refused.Message);
                    Step_NeedsLock();
                }
                return;
            }
            catch (OperationCanceledException) when (world.Stopping.IsCancellationRequested)
            {
                return;
            }
            catch (Exception trouble)
            {
                if (!KeepsTrying(dyno, trouble))
                    return;
            }
            await PauseAsync(pause);
        }
    }

    private bool KeepsTrying(Dyno dyno, Exception trouble)
    {
        world.Trouble(trouble, $"{dyno.Slot.Name} of app {app} could not be started");
        lock (gate)
        {
            dyno.LaunchTrouble = (dyno.LaunchTrouble?.Since ?? world.Clock.GetUtcNow(), trouble);
            Step_NeedsLock();
            return dyno.Phase == DynoPhase.Launching;
        }
    }

    private void See_NeedsLock(DynoStatus status)
    {
        if (dynos.Find(d => d.Id == status.Id) is not { HasEnded: false } dyno)
            return;
        var before = (dyno.Status.State, dyno.Since);
        dyno.Becomes(status, world.Clock.GetUtcNow());
        if (status.State == DynoState.Up && before.State == DynoState.Starting)
            world.Log(app, dyno.Slot.Name, "State changed from starting to up");
        if (dyno.HasEnded)
            Ended_NeedsLock(dyno, before);
        Step_NeedsLock();
    }

    private void End_NeedsLock(Dyno dyno, string why)
    {
        var before = (dyno.Status.State, dyno.Since);
        var now = world.Clock.GetUtcNow();
        dyno.Becomes(dyno.Status with { State = DynoState.Crashed, Reason = why, Since = now }, now);
        Ended_NeedsLock(dyno, before);
    }

    private void Ended_NeedsLock(Dyno dyno, (DynoState State, DateTimeOffset Since) before)
    {
        var status = dyno.Status;
        var error = status.Reason?.Split(':')[0] switch
        {
            "R10" => "Error R10 (Boot timeout) -> Web process failed to bind to $PORT within 60 seconds of launch",
            "R12" => "Error R12 (Exit timeout) -> At least one process failed to exit within 30 seconds of SIGTERM",
            "R15" => "Error R15 (Memory quota vastly exceeded)",
            _ => null,
        };
        if (error is not null)
            world.Log(app, dyno.Slot.Name, error);
        if (status.ExitCode is { } code)
            world.Log(app, dyno.Slot.Name, $"Process exited with status {code}");
        var filledSlot = dyno.FillsSlot;
        if (dyno.Phase < DynoPhase.Leaving)
            dyno.Phase = DynoPhase.Leaving;
        if (!filledSlot)
            return;
        world.Log(app, dyno.Slot.Name, $"State changed from {(before.State == DynoState.Up ? "up" : "starting")} to crashed");
        var now = world.Clock.GetUtcNow();
        var wasWell = before.State == DynoState.Up && now - before.Since >= Backoff.Forgiven;
        var inARow = wasWell || !crashes.TryGetValue(dyno.Slot, out var earlier) ? 1 : earlier.InARow + 1;
        var why = status.Reason ?? (status.ExitCode is { } exit ? $"exited with status {exit}" : "stopped");
        crashes[dyno.Slot] = new Crash(inARow, why, now + Backoff.Delay(inARow, Random.Shared.NextDouble()), status with { State = DynoState.Crashed });
    }

    private Prepared? Outcome_NeedsLock(DynoPlan plan, bool isTooLate)
    {
        if (isForgotten)
            return new Prepared.Unhealthy("The app was destroyed.");
        var web = plan.Slug is null ? null : plan.Processes.FirstOrDefault(p => p.Type == "web");
        var slots = Enumerable.Range(1, web?.Quantity ?? 0).Select(i => new Slot(plan.Generation, "web", i)).ToArray();
        if (slots.All(slot => dynos.Exists(d => d.Slot == slot && d.Phase == DynoPhase.Kept && d.IsUp)))
            return new Prepared.Healthy();
        if (slots.FirstOrDefault(crashes.ContainsKey) is { Type: not null } crashed)
            return GiveUp_NeedsLock(plan, $"{crashed.Name} crashed while it booted: {crashes[crashed].Why}.");
        var trouble = dynos.Find(d => d.Slot.Generation == plan.Generation && d.LaunchTrouble?.Since + LaunchPatience < world.Clock.GetUtcNow())?.LaunchTrouble;
        if (trouble is { } found)
        {
            GiveUp_NeedsLock(plan, found.Why.Message);
            throw new AgentException(found.Why.Message, found.Why);
        }
        return isTooLate ? GiveUp_NeedsLock(plan, "The web dynos did not accept connections on $PORT within 60 seconds.") : null;
    }

    private Prepared.Unhealthy GiveUp_NeedsLock(DynoPlan plan, string why)
    {
        if (next?.Generation == plan.Generation)
            next = null;
        Step_NeedsLock();
        return new Prepared.Unhealthy(why);
    }

    private void Publish_NeedsLock()
    {
        if (isPublishing || Same(acknowledged, Route_NeedsLock()))
            return;
        isPublishing = true;
        _ = Task.Run(PublishAsync);
    }

    private async Task PublishAsync()
    {
        for (var pause = TimeSpan.FromMilliseconds(100); ; pause = Longer(pause))
        {
            Route? route;
            lock (gate)
                route = Route_NeedsLock();
            try
            {
                await (route is null ? world.RemoveRoute(app, world.Stopping) : world.Publish(route, world.Stopping));
                lock (gate)
                {
                    (acknowledged, isPublishing) = (route, false);
                    Step_NeedsLock();
                }
                return;
            }
            catch (OperationCanceledException) when (world.Stopping.IsCancellationRequested)
            {
                return;
            }
            catch (Exception trouble)
            {
                world.Trouble(trouble, $"The route of app {app} could not be pushed");
            }
            await PauseAsync(pause);
        }
    }

    private void StopLeaving_NeedsLock()
    {
        foreach (var dyno in dynos.Where(d => d.Phase == DynoPhase.Leaving))
        {
            // While a push is under way, who knows which of the two routes the router serves by.
            if ((isPublishing && dyno.Slot.IsWeb) || acknowledged?.Targets.Any(t => t.Dyno == dyno.Id) == true)
                continue;
            dyno.Phase = DynoPhase.Stopping;
            _ = Task.Run(() => StopAsync(dyno));
        }
    }

    private async Task StopAsync(Dyno dyno)
    {
        await dyno.Launch;
        for (var pause = TimeSpan.FromMilliseconds(200); ; pause = Longer(pause))
        {
            try
            {
                if (!dyno.HasEnded)
                {
                    if (dyno.Slot.IsWeb)
                        await world.Drained(dyno.Id, DrainLimit, world.Stopping);
                    world.Log(app, dyno.Slot.Name, "Stopping all processes with SIGTERM");
                }
                await world.Runtime.StopAsync(dyno.Id, Grace, world.Stopping);
                lock (gate)
                {
                    dyno.Phase = DynoPhase.Gone;
                    Step_NeedsLock();
                }
                return;
            }
            catch (OperationCanceledException) when (world.Stopping.IsCancellationRequested)
            {
                return;
            }
            catch (Exception trouble)
            {
                world.Trouble(trouble, $"{dyno.Slot.Name} of app {app} could not be stopped");
            }
            await PauseAsync(pause);
        }
    }

    private void SetAlarm_NeedsLock(DateTimeOffset now)
    {
        var rests = Slots_NeedsLock().Where(s => s.Plan == wanted && crashes.ContainsKey(s.Slot)).Select(s => crashes[s.Slot].TryAgainAt);
        var boots = dynos.Where(d => d.FillsSlot && d.Status.State == DynoState.Starting).Select(d => d.Since + BootLimitOfLastResort);
        var due = rests.Concat(boots).Where(at => at > now).DefaultIfEmpty(DateTimeOffset.MaxValue).Min();
        alarm.Change(due == DateTimeOffset.MaxValue ? Timeout.InfiniteTimeSpan : due - now + TimeSpan.FromMilliseconds(1), Timeout.InfiniteTimeSpan);
    }

    private bool Replace(string? typeOrName, Func<Dyno, DynoPhase> phase)
    {
        lock (gate)
        {
            bool Names(Slot slot) => typeOrName is null || slot.Type == typeOrName || slot.Name == typeOrName;
            foreach (var dyno in dynos.Where(d => d.FillsSlot && d.Slot.Generation == wanted?.Generation && Names(d.Slot)))
                dyno.Phase = phase(dyno);
            foreach (var slot in crashes.Keys.Where(Names).ToArray())
                crashes.Remove(slot);
            Step_NeedsLock();
            return typeOrName is null || wanted?.Processes.Any(p => p.Type == typeOrName) == true || Slots_NeedsLock().Any(s => Names(s.Slot));
        }
    }

    /// <summary>All of the current plan, and the web dynos of the one that is prepared.</summary>
    private List<(Slot Slot, DynoPlan Plan, PlannedProcess Process)> Slots_NeedsLock()
    {
        var slots = new List<(Slot, DynoPlan, PlannedProcess)>();
        foreach (var plan in new[] { wanted, next })
        {
            if (plan?.Slug is null || (plan == next && next.Generation == wanted?.Generation))
                continue;
            foreach (var process in plan.Processes.Where(p => plan == wanted || p.Type == "web"))
                slots.AddRange(Enumerable.Range(1, process.Quantity).Select(i => (new Slot(plan.Generation, process.Type, i), plan, process)));
        }
        return slots;
    }

    private bool Fits(Dyno dyno) => PlanOf(dyno.Slot) is { } process && process.Size == dyno.Status.Size && process.Command == dyno.Status.Command;

    private PlannedProcess? PlanOf(Slot slot) => Slots_NeedsLock().Find(s => s.Slot == slot).Process;

    private Route? Route_NeedsLock() => wanted is null ? null : new Route
    {
        App = app,
        Name = wanted.AppName,
        Hosts = wanted.Hosts,
        Targets =
        [
            .. dynos.Where(d => d.Serves && d.Slot.Generation == wanted.Generation).OrderBy(d => d.Slot.Index).ThenBy(d => d.Id.Value)
                .Select(d => new Target(d.Id, d.Slot.Name, d.Status.Address!, d.Status.Port)),
        ],
        WhenEmpty = wanted.Slug is not null && wanted.Processes.Any(p => p is { Type: "web", Quantity: > 0 }) ? "H10" : "H14",
        Maintenance = wanted.Maintenance,
    };

    private static bool Same(Route? a, Route? b) => a is null || b is null
        ? a is null && b is null
        : a with { Hosts = [], Targets = [] } == b with { Hosts = [], Targets = [] } && a.Hosts.SequenceEqual(b.Hosts) && a.Targets.SequenceEqual(b.Targets);

    private async Task WaitAsync(Task signal, DateTimeOffset deadline, CancellationToken ct)
    {
        // Looks again after a second in any case: trouble with the runtime ripens by time alone.
        var patience = TimeSpan.FromSeconds(Math.Clamp((deadline - world.Clock.GetUtcNow()).TotalSeconds, 0.001, 1));
        try
        {
            await signal.WaitAsync(patience, world.Clock, ct);
        }
        catch (TimeoutException)
        {
            // The caller looks at the clock.
        }
    }

    private async Task PauseAsync(TimeSpan pause) =>
        await Task.Delay(pause, world.Clock, world.Stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

    private static TimeSpan Longer(TimeSpan pause) => pause < TimeSpan.FromSeconds(5) ? pause * 2 : pause;

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
