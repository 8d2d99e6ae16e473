using System.Collections.Concurrent;
using Sluice.Dynos;
using Sluice.Jobs;

namespace Sluice.Releases;

/// <summary>
/// Where the prepared members of a group wait for each other; the last one decides for all. Kept in memory on purpose: dynos may go while no server looks,
/// so after a start every member of an open group is prepared again, by those that are still there if they are.
/// </summary>
internal sealed class Gatherings(ReleaseLedger ledger, DynoFleet fleet, TimeProvider clock)
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(1);

    private readonly ConcurrentDictionary<ReleaseGroupId, Gathering> open = new();

    /// <summary>Waits until the group is decided, or has failed, or what was prepared here fell ill.</summary>
    public async Task<Gathered> JoinAsync(Release release, ReleaseGroupId group, DynoPlan plan, CancellationToken ct)
    {
        var here = open.GetOrAdd(group, _ => new Gathering());
        here.Ready[release.Id] = plan;
        try
        {
            var outcome = await WaitAsync(release, group, here, plan, ct);
            if (outcome is not Gathered.Unhealthy)
                Close(group);
            return outcome;
        }
        finally
        {
            here.Ready.TryRemove(release.Id, out _);
        }
    }

    /// <summary>It is prepared and waits for others of its group.</summary>
    public bool Holds(Release release) => release.Group is { } group && open.TryGetValue(group, out var here) && here.Ready.ContainsKey(release.Id);

    /// <summary>The group was decided or has failed: who waits need not wait for the next look.</summary>
    public void Close(ReleaseGroupId group)
    {
        if (open.TryRemove(group, out var here))
            here.Changed.Beat();
    }

    private async Task<Gathered> WaitAsync(Release release, ReleaseGroupId group, Gathering here, DynoPlan plan, CancellationToken ct)
    {
        var size = await ledger.SizeOfAsync(group, ct);
        while (true)
        {
            var change = here.Changed.Next;
            if (fleet.Look(plan) is Prepared.Unhealthy ill)
                return new Gathered.Unhealthy(ill.Why);
            if (here.Ready.Count == size && here.Ready.Values.All(p => fleet.Look(p) is Prepared.Healthy) && await ledger.DecideAsync(group, ct))
                return new Gathered.Decided();
            switch (await ledger.FindAsync(release.Id, ct))
            {
                case null or { IsTerminal: true }:
                    return new Gathered.Over();
                case { Step: "decided" }:
                    return new Gathered.Decided();
            }
            await Pulse.WaitAsync(change, LookEvery, clock, ct);
        }
    }

    private sealed class Gathering
    {
        public ConcurrentDictionary<ReleaseId, DynoPlan> Ready { get; } = new();

        public Pulse Changed { get; } = new();
    }
}

/// <summary>What came of a group, for one of its members.</summary>
internal abstract record Gathered
{
    private Gathered() { }

    /// <summary>All were prepared: this release becomes the current one, whatever comes.</summary>
    public sealed record Decided : Gathered;

    /// <summary>Another member failed, and this one's release has ended with it.</summary>
    public sealed record Over : Gathered;

    /// <summary>This one's dynos did not stay up while it waited.</summary>
    public sealed record Unhealthy(string Why) : Gathered;
}
