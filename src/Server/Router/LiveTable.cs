using System.Collections.Concurrent;
using System.Collections.Frozen;
using System.Collections.Immutable;

namespace Sluice.Router;

/// <summary>
/// The table that a router serves by, made ready for look-ups, with what is in flight to each dyno. Replaced as a whole; a dyno's count
/// outlives the table it came with, so that a drain sees requests that started under an older one.
/// </summary>
internal sealed class LiveTable(DynoConnections connections)
{
    private readonly Lock writing = new();
    private readonly ConcurrentDictionary<DynoId, DynoTraffic> counts = new();
    private volatile Snapshot now = new(new RouteTable(0, []), FrozenDictionary<string, LiveRoute>.Empty);

    public RouteTable Table => now.Table;

    /// <summary>Saves and then serves a table with a higher number, or the same table again; false for any other. Saving happens before the first request sees it.</summary>
    public bool Replace(RouteTable table, Action<RouteTable>? save)
    {
        lock (writing)
        {
            if (table.Number < now.Table.Number)
                return false;
            if (table.Number == now.Table.Number && table.Number > 0)
                return SavedTable.TextOf(table).AsSpan().SequenceEqual(SavedTable.TextOf(now.Table));
            save?.Invoke(table);
            now = Snapshot.Of(table, dyno => counts.GetOrAdd(dyno, _ => new DynoTraffic(connections)));
            ForgetGone(table);
            return true;
        }
    }

    /// <summary>The app that answers at a host (any case, without port); null when none does.</summary>
    public LiveRoute? Find(string host) => now.At(host);

    /// <summary>Takes the least loaded target and counts the request in; the caller must <see cref="DynoTraffic.Leave"/>. Null when there is none left
    /// besides <paramref name="tried"/>, with the route that says why (null: nobody has that host any more).</summary>
    public LiveTarget? Take(string host, LiveTarget? tried, out LiveRoute? route)
    {
        while (true)
        {
            var seen = now;
            route = seen.At(host);
            if (route is null || route.Route.Maintenance || route.LeastLoaded(tried) is not { } target)
                return null;
            target.Load.Enter();
            // Counted in first, looked again second: whoever replaced the table in between either sees this request in the count
            // or this request sees the new table. So after an acknowledged table and an empty count, nothing can arrive.
            if (ReferenceEquals(seen, now))
                return target;
            target.Load.Leave();
        }
    }

    /// <summary>Requests on their way to a dyno; WebSockets do not count.</summary>
    public int InFlightTo(DynoId dyno) => counts.TryGetValue(dyno, out var traffic) ? traffic.Requests : 0;

    private void ForgetGone(RouteTable table)
    {
        var there = table.Routes.SelectMany(r => r.Targets).Select(t => t.Dyno).ToHashSet();
        foreach (var (dyno, count) in counts)
        {
            if (!there.Contains(dyno) && count.Count == 0)
                counts.TryRemove(dyno, out _);
        }
    }

    private sealed record Snapshot(RouteTable Table, FrozenDictionary<string, LiveRoute> Hosts)
    {
        /// <summary>By the host's own name; else by a wildcard for the names one step below its parent.</summary>
        public LiveRoute? At(string host) =>
            Hosts.TryGetValue(host, out var route) ? route
            : HasWildcards && host.IndexOf('.') is > 0 and var dot ? Hosts.GetValueOrDefault("*" + host[dot..])
            : null;

        private bool HasWildcards { get; } = Hosts.Keys.Any(host => host.StartsWith('*'));

        public static Snapshot Of(RouteTable table, Func<DynoId, DynoTraffic> traffic)
        {
            var live = table.Routes.Select(r => new LiveRoute(r, traffic)).ToArray();
            var hosts = new Dictionary<string, LiveRoute>(StringComparer.OrdinalIgnoreCase);
            foreach (var route in live)
            {
                foreach (var host in route.Route.Hosts)
                    hosts[host] = route;
            }
            return new(table, hosts.ToFrozenDictionary(StringComparer.OrdinalIgnoreCase));
        }
    }
}

/// <summary>One app's route with its targets' loads.</summary>
internal sealed class LiveRoute(Route route, Func<DynoId, DynoTraffic> traffic)
{
    private uint turn;

    public Route Route { get; } = route;

    public ImmutableArray<LiveTarget> Targets { get; } =
        [.. route.Targets.Select(t => new LiveTarget(t, traffic(t.Dyno)))];

    /// <summary>Among equals they take turns, so that two idle dynos share the work.</summary>
    public LiveTarget? LeastLoaded(LiveTarget? except)
    {
        LiveTarget? best = null;
        var first = Targets.Length > 1 ? Interlocked.Increment(ref turn) : 0;
        for (var i = 0; i < Targets.Length; i++)
        {
            var target = Targets[(int)((first + (uint)i) % (uint)Targets.Length)];
            if (target != except && (best is null || target.Load.Count < best.Load.Count))
                best = target;
        }
        return best;
    }
}

/// <summary>A web dyno as the router reaches it.</summary>
internal sealed record LiveTarget(Target Target, DynoTraffic Load);
