using System.Collections.Immutable;
using Sluice.Router;

namespace Sluice.Metrics;

/// <summary>
/// One minute of one app. Times are service times as the router saw them, in milliseconds, null when no request came; at most a quarter too high
/// (see <see cref="Latency"/>).
/// </summary>
public sealed record MetricPoint
{
    /// <summary>When the minute began.</summary>
    public required DateTimeOffset At { get; init; }
    public required long Requests { get; init; }

    /// <summary>Answers of 400 to 499.</summary>
    public required long ClientErrors { get; init; }

    /// <summary>Answers of 500 to 599, the router's own pages included.</summary>
    public required long ServerErrors { get; init; }
    public required long? P50 { get; init; }
    public required long? P95 { get; init; }
    public required long? P99 { get; init; }

    /// <summary>The most that all dynos together used at one time. Null when nobody measured: nothing ran, or in one-team mode.</summary>
    public required long? MemoryBytes { get; init; }

    /// <summary>Of all dynos together, over the minute, in hundredths of one CPU: 100 is one whole core. Null as for memory.</summary>
    public required double? CpuPercent { get; init; }

    public static MetricPoint Of(DateTimeOffset at, AppRequests? requests, long? memoryBytes, TimeSpan? cpuTime, TimeSpan span) => new()
    {
        At = at,
        Requests = requests?.Statuses.Sum() ?? 0,
        ClientErrors = requests?.Statuses[3] ?? 0,
        ServerErrors = requests?.Statuses[4] ?? 0,
        P50 = Percentile(requests, 0.50),
        P95 = Percentile(requests, 0.95),
        P99 = Percentile(requests, 0.99),
        MemoryBytes = memoryBytes,
        CpuPercent = cpuTime is { } used && span > TimeSpan.Zero ? Math.Round(100 * (used / span), 1) : null,
    };

    private static long? Percentile(AppRequests? requests, double share) => requests is null ? null : Latency.Percentile(requests.Buckets, share);
}
