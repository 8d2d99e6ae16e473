using System.Collections.Concurrent;
using Sluice.Dynos;
using Sluice.Storage;

namespace Sluice.Releases;

/// <summary>The flip of a group that was decided: one for all its members, made by the first of them that asks. Safe to repeat.</summary>
internal sealed class GroupFlips(ReleaseLedger ledger, CurrentPlans plans, DynoFleet fleet)
{
    private readonly ConcurrentDictionary<ReleaseGroupId, Lazy<Task>> making = new();

    /// <summary>Returns when the router serves by a table in which every member's app is new.</summary>
    public async Task MakeAsync(ReleaseGroupId group, CancellationToken ct)
    {
        var flip = making.GetOrAdd(group, _ => new Lazy<Task>(() => FlipAsync(group, ct)));
        try
        {
            await flip.Value;
        }
        finally
        {
            making.TryRemove(new(group, flip));
        }
    }

    private async Task FlipAsync(ReleaseGroupId group, CancellationToken ct)
    {
        var all = await Task.WhenAll((await ledger.DecidedAsync(group, ct)).Select(release => plans.OfAsync(release, ct)));
        CrashGate.Pass("release.group.flip");
        await fleet.FlipAsync([.. all.OfType<DynoPlan>()], ct);
    }
}
