using System.Collections.Concurrent;
using System.Collections.Immutable;

namespace Sluice.Router;

/// <summary>How many requests of each app a router has answered since it began, and how long they took. Counted for every request, also for those that log no line.</summary>
internal sealed class RequestCounts
{
    private readonly ConcurrentDictionary<AppId, AppCount> apps = new();
    private readonly Guid router = Guid.NewGuid();

    public void Add(AppId app, int status, long serviceMs) => apps.GetOrAdd(app, static _ => new AppCount()).Add(status, serviceMs);

    public RouterCounts Now() => new(router, [.. apps.Select(a => a.Value.Now(a.Key))]);

    private sealed class AppCount
    {
        private readonly long[] statuses = new long[AppRequests.Classes], buckets = new long[Latency.Buckets];

        public void Add(int status, long serviceMs)
        {
            Interlocked.Increment(ref statuses[Math.Clamp(status / 100, 1, AppRequests.Classes) - 1]);
            // A WebSocket lasts as long as its people want.
            if (status != StatusCodes.Status101SwitchingProtocols)
                Interlocked.Increment(ref buckets[Latency.BucketOf(serviceMs)]);
        }

        public AppRequests Now(AppId app) => new(app, [.. statuses], [.. buckets]);
    }
}

/// <summary>What one router has counted since it began. <paramref name="Router"/> tells it from the one before and after it.</summary>
public sealed record RouterCounts(Guid Router, ImmutableArray<AppRequests> Apps);

/// <param name="Statuses">Five counts: 1xx to 5xx; a page of the router's own counts as what it says.</param>
/// <param name="Buckets">Requests by service time, see <see cref="Latency"/>. WebSockets are not among them.</param>
public sealed record AppRequests(AppId App, ImmutableArray<long> Statuses, ImmutableArray<long> Buckets)
{
    public const int Classes = 5;

    /// <summary>What came since <paramref name="before"/>; all of it when that is null.</summary>
    public AppRequests Since(AppRequests? before) => before is null ? this : this with
    {
        Statuses = [.. Statuses.Zip(before.Statuses, (now, then) => now - then)],
        Buckets = [.. Buckets.Zip(before.Buckets, (now, then) => now - then)],
    };

    public AppRequests Plus(AppRequests other) => this with
    {
        Statuses = [.. Statuses.Zip(other.Statuses, (a, b) => a + b)],
        Buckets = [.. Buckets.Zip(other.Buckets, (a, b) => a + b)],
    };
}

/// <summary>
/// Service times in buckets, each a quarter wider than the one before: a percentile read from them is at most a quarter too high, whatever the number of requests.
/// </summary>
public static class Latency
{
    public const int Buckets = 64;
    private const double Step = 1.25;

    /// <summary>The highest time, in whole milliseconds, that falls into each bucket. The last one takes the rest.</summary>
    public static ImmutableArray<long> Bounds { get; } = MakeBounds();

    public static int BucketOf(long ms)
    {
        var found = Bounds.BinarySearch(ms);
        return Math.Min(found >= 0 ? found : ~found, Buckets - 1);
    }

    /// <summary>The service time that <paramref name="share"/> (0 to 1) of the requests did not exceed, in milliseconds; null when there was none.</summary>
    public static long? Percentile(ImmutableArray<long> buckets, double share)
    {
        var wanted = (long)Math.Ceiling(buckets.Sum() * share);
        for (var (i, seen) = (0, 0L); i < buckets.Length && wanted > 0; i++)
        {
            seen += buckets[i];
            if (seen >= wanted)
                return Bounds[i];
        }
        return null;
    }

    private static ImmutableArray<long> MakeBounds()
    {
        var bounds = ImmutableArray.CreateBuilder<long>(Buckets);
        for (var bound = 0L; bounds.Count < Buckets; bound = Math.Max(bound + 1, (long)(bound * Step)))
            bounds.Add(bound);
        return bounds.ToImmutable();
    }
}
