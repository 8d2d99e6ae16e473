using System.Collections.Immutable;
using Sluice.Metrics;

namespace Sluice.Dashboard.AppPage;

/// <summary>How an app did in the last hours, as plots.</summary>
public sealed record MetricsView(AppHeadView Head, int Hours, bool IsEmpty, ImmutableArray<Plot> Plots)
{
    public static readonly ImmutableArray<int> Spans = [1, 6, 24];

    /// <param name="hours">One of <see cref="Spans"/>; anything else means a day.</param>
    public static MetricsView Of(AppHeadView head, int? hours, MetricHistory history, DateTimeOffset now)
    {
        var span = hours is { } asked && Spans.Contains(asked) ? asked : 24;
        var time = TimeSpan.FromHours(span);
        var points = history.Of(head.Fact.App.Id, time);
        var from = new DateTimeOffset(now.UtcTicks - (now.UtcTicks % TimeSpan.TicksPerMinute), TimeSpan.Zero) - time;
        Plot Plotted(string title, string unit, Func<MetricPoint, double?> value) => Plot.Of(title, unit, points, from, time, value);
        return new MetricsView(head, span, points.IsEmpty,
        [
            Plotted("Requests", "a minute", p => p.Requests), Plotted("Errors, 5xx", "a minute", p => p.ServerErrors),
            Plotted("Response, p50", "ms", p => p.P50), Plotted("Response, p95", "ms", p => p.P95), Plotted("Response, p99", "ms", p => p.P99),
            Plotted("Memory, all dynos", "MB", p => p.MemoryBytes / 1048576.0), Plotted("CPU, all dynos", "% of a core", p => p.CpuPercent),
        ]);
    }
}
