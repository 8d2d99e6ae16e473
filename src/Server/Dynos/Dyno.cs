using Sluice.Runtime;

namespace Sluice.Dynos;

/// <summary>Which place in a plan a dyno fills: <c>web.1</c> of generation 7.</summary>
internal readonly record struct Slot(int Generation, string Type, int Index)
{
    public string Name => $"{Type}.{Index}";

    public bool IsWeb => Type == "web";

    public static Slot Of(DynoStatus status) =>
        new(status.Generation, status.Type, int.TryParse(status.Name.AsSpan(status.Name.LastIndexOf('.') + 1), out var index) ? index : 0);
}

/// <summary>A slot that should be filled, and with what.</summary>
internal sealed record Planned(Slot Slot, DynoPlan Plan, PlannedProcess Process)
{
    /// <summary>All of the current plan, and the web dynos of the one that is prepared.</summary>
    public static List<Planned> Of(DynoPlan? wanted, DynoPlan? next)
    {
        var prepared = next?.Generation == wanted?.Generation ? null : next;
        return
        [
            .. All(wanted, _ => true),
            .. All(prepared, process => process.Type == "web"),
        ];
    }

    private static IEnumerable<Planned> All(DynoPlan? plan, Func<PlannedProcess, bool> which) => plan?.Slug is null ? []
        : plan.Processes.Where(which).SelectMany(p => Enumerable.Range(1, p.Quantity).Select(i => new Planned(new Slot(plan.Generation, p.Type, i), plan, p)));
}

/// <summary>How far the fleet is with one dyno. What its process does is its <see cref="DynoStatus"/>.</summary>
/// <code>Launching ─► Kept ─► (Retiring) ─► Leaving ─► Stopping ─► Gone</code>
internal enum DynoPhase
{
    /// <summary>The runtime was asked to start it and has not answered yet.</summary>
    Launching,

    /// <summary>It fills its slot.</summary>
    Kept,

    /// <summary>Still serves, but another one boots for its slot.</summary>
    Retiring,

    /// <summary>Not wanted: stops as soon as no route leads to it.</summary>
    Leaving,

    /// <summary>Finishes its requests, then gets SIGTERM.</summary>
    Stopping,
    Gone,
}

/// <summary>One dyno of one app, as the fleet keeps it; touched only under its app's lock.</summary>
internal sealed class Dyno(DynoStatus status, Slot slot, TimeSpan now)
{
    public DynoId Id => Status.Id;

    public Slot Slot { get; } = slot;

    public DynoStatus Status { get; private set; } = status;

    /// <summary>Since when the fleet knows that state, in monotonic time.</summary>
    public TimeSpan Since { get; private set; } = now;

    public void Becomes(DynoStatus next, TimeSpan at)
    {
        if (next.State != Status.State)
            Since = at;
        Status = next;
    }

    public DynoPhase Phase { get; set; }

    /// <summary>Ends when the runtime answered the start, or when nobody wants it any more.</summary>
    public Task Launch { get; set; } = Task.CompletedTask;

    /// <summary>Why the runtime cannot start it, and since when; it is tried again.</summary>
    public (TimeSpan Since, Exception Why)? LaunchTrouble { get; set; }

    public bool FillsSlot => Phase is DynoPhase.Launching or DynoPhase.Kept;

    public bool IsUp => Status.State == DynoState.Up;

    public bool HasEnded => Status.State is DynoState.Crashed or DynoState.Complete;

    public bool Serves => IsUp && Slot.IsWeb && Status.Address is not null && Phase is DynoPhase.Kept or DynoPhase.Retiring;
}

internal static class Starts
{
    /// <summary>What to ask of the runtime for one slot of a plan that has a slug; a new dyno each time.</summary>
    public static DynoStart Start(this DynoPlan plan, Slot slot, PlannedProcess process) => new()
    {
        Id = DynoId.New(),
        App = plan.App,
        Name = slot.Name,
        Type = slot.Type,
        Generation = slot.Generation,
        Slug = plan.Slug!.Value,
        Env = plan.Env.SetItem("DYNO", slot.Name),
        Command = process.Command,
        Size = process.Size,
        Health = slot.IsWeb ? plan.Health : null,
    };

    /// <summary>Its status until the runtime says one.</summary>
    public static DynoStatus Asked(this DynoStart start, DateTimeOffset now) => new()
    {
        Id = start.Id,
        App = start.App,
        Name = start.Name,
        Type = start.Type,
        Generation = start.Generation,
        Size = start.Size,
        Command = start.Command,
        State = DynoState.Starting,
        Since = now,
    };
}
