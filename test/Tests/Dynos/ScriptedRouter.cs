using System.Collections.Concurrent;
using System.Collections.Immutable;
using Sluice.Router;

namespace Sluice.Tests.Dynos;

/// <summary>A router that remembers every table and can be away or slow to drain. It outlives the server.</summary>
internal sealed class ScriptedRouter
{
    private readonly ConcurrentDictionary<AppId, Route> routes = new();

    public bool IsAway { get; set; }

    /// <summary>Requests to a dyno end when this does.</summary>
    public Func<DynoId, Task> Drains { get; set; } = _ => Task.CompletedTask;

    public ConcurrentQueue<Route> History { get; } = new();

    public Route? RouteOf(AppId app) => routes.GetValueOrDefault(app);

    public async Task PublishAsync(Route route, CancellationToken ct)
    {
        await Task.Yield();
        if (IsAway)
            throw new RouterAwayException();
        routes[route.App] = route;
        History.Enqueue(route);
    }

    public async Task PublishAllAsync(ImmutableArray<Route> all, CancellationToken ct)
    {
        routes.Clear();
        foreach (var route in all)
            await PublishAsync(route, ct);
    }

    public Task RemoveAsync(AppId app, CancellationToken ct)
    {
        routes.TryRemove(app, out _);
        return Task.CompletedTask;
    }

    public async Task<bool> DrainedAsync(DynoId dyno, TimeSpan limit, CancellationToken ct)
    {
        var drained = Drains(dyno);
        return await Task.WhenAny(drained, Task.Delay(limit, ct)) == drained;
    }
}
