using Sluice.Dashboard.Shell;
using Sluice.Dynos;
using Sluice.Releases;

namespace Sluice.Dashboard;

/// <summary>Tells what releases wait for, as pages say it.</summary>
internal sealed class ReleaseWaits(ReleaseLedger ledger, Releaser releaser, DynoFleet fleet)
{
    /// <summary>Null when nothing keeps it up, or it has ended.</summary>
    public async Task<Wait?> OfAsync(Release release, CancellationToken ct)
    {
        var reason = await releaser.WhyItWaitsAsync(release, ct);
        var others = reason is null || release.Group is not { } group ? [] : (await ledger.InFlightAsync(ct)).Where(r => r.Group == group && r.Id != release.Id);
        return Wait.Of(release, reason, fleet.TroubleOf(release.App), [.. others]);
    }

    /// <summary>One of an app that is not in the ledger yet.</summary>
    public async Task<Wait> InTurnAsync(AppId app, string name, CancellationToken ct) => Wait.InTurn(name, (await ledger.InFlightAsync(ct)).FirstOrDefault(r => r.App == app));
}
