using System.Collections.Immutable;

namespace Sluice.Router;

/// <summary>
/// The server's book of routes: who changes one app's route changes the whole table's number and pushes it. Changes are taken one at a
/// time; numbers continue from the router's own, so a restarted server never goes back.
/// </summary>
public sealed class Routes(RouterClient router)
{
    private readonly SemaphoreSlim one = new(1);
    private RouteTable? last;

    /// <summary>Replaces the routes of some apps, or takes them out (null), all in one table: a router serves by all of the changes or by none. Returns when
    /// it has acknowledged. The same routes again: no push.</summary>
    public Task PublishAsync(ImmutableDictionary<AppId, Route?> changes, CancellationToken ct) => ChangeAsync(routes => changes.Aggregate(routes, Changed), ct);

    /// <summary>Replaces the whole table, after a start.</summary>
    public Task PublishAllAsync(ImmutableArray<Route> routes, CancellationToken ct) => ChangeAsync(_ => routes, ct);

    private async Task ChangeAsync(Func<ImmutableArray<Route>, ImmutableArray<Route>> change, CancellationToken ct)
    {
        await one.WaitAsync(ct);
        try
        {
            last ??= await router.CurrentAsync(ct);
            var routes = change(last.Routes);
            if (routes == last.Routes)
                return;
            var next = new RouteTable(last.Number + 1, routes);
            // A push that fails may have arrived all the same: what holds then is what the router says.
            last = null;
            await router.PushAsync(next, ct);
            last = next;
        }
        finally
        {
            one.Release();
        }
    }

    /// <summary>The very same array when nothing changes.</summary>
    private static ImmutableArray<Route> Changed(ImmutableArray<Route> routes, KeyValuePair<AppId, Route?> change) =>
        (routes.FirstOrDefault(r => r.App == change.Key), change.Value) switch
        {
            (null, null) => routes,
            (null, { } added) => routes.Add(added),
            ({ } old, null) => routes.Remove(old),
            var (old, next) => Same(old, next) ? routes : routes.Replace(old, next),
        };

    private static bool Same(Route a, Route b) =>
        a with { Hosts = [], Targets = [] } == b with { Hosts = [], Targets = [] } && a.Hosts.SequenceEqual(b.Hosts) && a.Targets.SequenceEqual(b.Targets);
}
