using System.Collections.Concurrent;
using System.Collections.Immutable;
using Sluice.Router;

namespace Sluice.Tests.Dynos;

/// <summary>A router that remembers every table and can be away or slow to drain. It outlives the server.</summary>
internal sealed class ScriptedRouter
{
    private readonly Lock gate = new();
    private ImmutableDictionary<AppId, Route> routes = ImmutableDictionary<AppId, Route>.Empty;

    public bool IsAway { get; set; }

    /// <summary>Requests to a dyno end when this does.</summary>
    public Func<DynoId, Task> Drains { get; set; } = _ => Task.CompletedTask;

    /// <summary>Every route that it ever took, in order.</summary>
    public ConcurrentQueue<Route> History { get; } = new();

    /// <summary>Every table that it ever served by, in order.</summary>
    public ConcurrentQueue<ImmutableDictionary<AppId, Route>> Tables { get; } = new();

    public Route? RouteOf(AppId app) => routes.GetValueOrDefault(app);

    public async Task PublishAsync(ImmutableDictionary<AppId, Route?> changes, CancellationToken ct)
    {
        await Task.Yield();
        if (IsAway)
            throw new RouterAwayException();
        lock (gate)
            Serve(changes.Aggregate(routes, (table, change) => change.Value is { } route ? table.SetItem(change.Key, route) : table.Remove(change.Key)), changes.Values.OfType<Route>());
    }

    public async Task PublishAllAsync(ImmutableArray<Route> all, CancellationToken ct)
    {
        await Task.Yield();
        if (IsAway)
            throw new RouterAwayException();
        lock (gate)
            Serve(all.ToImmutableDictionary(r => r.App), all);
    }

    private void Serve(ImmutableDictionary<AppId, Route> table, IEnumerable<Route> taken)
    {
        routes = table;
        Tables.Enqueue(table);
        foreach (var route in taken)
            History.Enqueue(route);
    }

    public async Task<bool> DrainedAsync(DynoId dyno, TimeSpan limit, CancellationToken ct)
    {
        var drained = Drains(dyno);
        return await Task.WhenAny(drained, Task.Delay(limit, ct)) == drained;
    }
}
