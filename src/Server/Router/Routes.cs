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

    /// <summary>Replaces one app's route; returns when the router has acknowledged. Same route again: no push.</summary>
    public Task PublishAsync(Route route, CancellationToken ct) => ChangeAsync(
        routes => routes.FirstOrDefault(r => r.App == route.App) is { } old
            ? Same(old, route) ? routes : routes.Replace(old, route)
            : routes.Add(route),
        ct);

    /// <summary>Replaces the whole table, after a start.</summary>
    public Task PublishAllAsync(ImmutableArray<Route> routes, CancellationToken ct) => ChangeAsync(_ => routes, ct);

    public Task RemoveAsync(AppId app, CancellationToken ct) => ChangeAsync(routes => routes.RemoveAll(r => r.App == app), ct);

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

    private static bool Same(Route a, Route b) =>
        a with { Hosts = [], Targets = [] } == b with { Hosts = [], Targets = [] } && a.Hosts.SequenceEqual(b.Hosts) && a.Targets.SequenceEqual(b.Targets);
}
