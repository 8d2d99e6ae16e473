using Sluice.Dynos;
using Sluice.Runtime;

namespace Sluice.Releases;

/// <summary>
/// Takes pending releases to their end: release phase, prepare, decide, flip, drain. One at a time per app; each step is noted in
/// the row, so that after a crash it goes on (after the decision: forward; before it: the phase is not run twice unasked).
/// </summary>
public sealed class Releaser(ReleaseLedger ledger, DynoFleet fleet, IRuntime runtime, TimeProvider clock)
{
    private readonly ReleaseLedger ledger = ledger;
    private readonly DynoFleet fleet = fleet;
    private readonly IRuntime runtime = runtime;
    private readonly TimeProvider clock = clock;

    /// <summary>Says that there may be work, after a transaction that called <see cref="ReleaseLedger.Add"/>. May be lost: the worker also looks on a timer.</summary>
    public void Nudge() => throw new NotImplementedException();

    /// <summary>Waits for the release's turn: it has a version, slug and config then. At once when it has them.</summary>
    public Task<Release> TurnOfAsync(ReleaseId release, CancellationToken ct) => throw new NotImplementedException();

    /// <summary>Waits for the end of one release and returns it; lines of its release phase go to <paramref name="output"/> as they come. Returns at once when it is over.</summary>
    public Task<Release> EndOfAsync(ReleaseId release, Func<string, ValueTask>? output, CancellationToken ct) => throw new NotImplementedException();
}
