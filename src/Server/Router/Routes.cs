using System.Collections.Immutable;

namespace Sluice.Router;

/// <summary>
/// The server's book of routes: who changes one app's route changes the whole table's number and pushes it. Changes are taken one at a
/// time; numbers continue from the router's own, so a restarted server never goes back.
/// </summary>
public sealed class Routes(RouterClient router)
{
    private readonly RouterClient router = router;

    /// <summary>Replaces one app's route; returns when the router has acknowledged. Same route again: no push.</summary>
    public Task PublishAsync(Route route, CancellationToken ct) => throw new NotImplementedException();

    /// <summary>Replaces the whole table, after a start.</summary>
    public Task PublishAllAsync(ImmutableArray<Route> routes, CancellationToken ct) => throw new NotImplementedException();

    public Task RemoveAsync(AppId app, CancellationToken ct) => throw new NotImplementedException();
}
