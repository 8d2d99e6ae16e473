using Sluice.Jobs;
using Sluice.Runtime;

namespace Sluice.Dynos;

/// <summary>What went wrong in one slot: how often in a row, why, and until when, in monotonic time, it is not tried again.</summary>
internal sealed record Crash(Slot Slot, int InARow, string Why, TimeSpan RestsUntil, DynoStatus Last);

/// <summary>The slots of one app that crashed since they were last well; touched only under its lock.</summary>
internal sealed class Crashes
{
    private readonly Dictionary<Slot, Crash> bySlot = [];

    public IEnumerable<Crash> All => bySlot.Values;

    public Crash? Find(Slot slot) => bySlot.GetValueOrDefault(slot);

    /// <param name="upFor">Null when it never came up.</param>
    public void Add(Slot slot, DynoStatus status, TimeSpan? upFor, TimeProvider clock)
    {
        var wasWell = upFor >= Backoff.Forgiven;
        var inARow = wasWell ? 1 : 1 + (Find(slot)?.InARow ?? 0);
        var why = status.Reason ?? (status.ExitCode is { } code ? $"exited with status {code}" : "stopped");
        var rest = Backoff.Delay(inARow, Random.Shared.NextDouble());
        bySlot[slot] = new Crash(slot, inARow, why, clock.Monotonic + rest, status with { State = DynoState.Crashed, TryAgainAt = clock.GetUtcNow() + rest });
    }

    public void Forget(Func<Slot, bool> which)
    {
        foreach (var slot in bySlot.Keys.Where(which).ToArray())
            bySlot.Remove(slot);
    }

    /// <summary>Heroku's code for a visitor who finds no web dyno up: none wanted, one crashed, or all still start.</summary>
    public string WhyEmpty(DynoPlan plan) =>
        plan.Slug is null || !plan.Processes.Any(p => p is { Type: "web", Quantity: > 0 }) ? "H14"
        : All.Any(c => c.Slot.IsWeb && c.Slot.Generation == plan.Generation) ? "H10"
        : "H20";
}
