using Sluice.Runtime;

namespace Sluice.Dynos;

/// <summary>What went wrong in one slot: how often in a row, why, and when it is tried again.</summary>
internal sealed record Crash(Slot Slot, int InARow, string Why, DateTimeOffset TryAgainAt, DynoStatus Last);

/// <summary>The slots of one app that crashed since they were last well; touched only under its lock.</summary>
internal sealed class Crashes
{
    private readonly Dictionary<Slot, Crash> bySlot = [];

    public IEnumerable<Crash> All => bySlot.Values;

    public Crash? Find(Slot slot) => bySlot.GetValueOrDefault(slot);

    /// <param name="upSince">Null when it never came up.</param>
    public void Add(Slot slot, DynoStatus status, DateTimeOffset? upSince, DateTimeOffset now)
    {
        var wasWell = now - upSince >= Backoff.Forgiven;
        var inARow = wasWell ? 1 : 1 + (Find(slot)?.InARow ?? 0);
        var why = status.Reason ?? (status.ExitCode is { } code ? $"exited with status {code}" : "stopped");
        var again = now + Backoff.Delay(inARow, Random.Shared.NextDouble());
        bySlot[slot] = new Crash(slot, inARow, why, again, status with { State = DynoState.Crashed, TryAgainAt = again });
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
