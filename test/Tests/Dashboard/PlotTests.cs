using Sluice.Dashboard.AppPage;
using Sluice.Metrics;

namespace Sluice.Tests.Dashboard;

public sealed class PlotTests
{
    private static readonly DateTimeOffset From = new(2026, 11, 18, 12, 0, 0, TimeSpan.Zero);

    [Theory, InlineData(1), InlineData(6), InlineData(24)]
    public void A_point_a_minute_is_one_line_and_a_gap_makes_two(int hours)
    {
        var all = Enumerable.Range(0, hours * 60).Select(minute => Point(minute, minute % 7)).ToArray();
        Assert.Single(Of(all, hours).Lines);
        Assert.Equal(2, Of([.. all.Where(p => (p.At - From).TotalHours / hours is < 0.4 or > 0.6)], hours).Lines.Length);
    }

    [Fact]
    public void The_highest_is_near_the_top_and_nothing_is_drawn_where_nothing_was_measured()
    {
        var plot = Of([Point(0, 10), Point(59, 0)], 1);
        Assert.Equal((0, 10), (plot.Now, plot.Highest));
        Assert.Equal(["0,4 1.7,4", "198.3,42 200,42"], plot.Lines);
        Assert.Empty(Plot.Of("Memory", "MB", [Point(0, 1)], From, TimeSpan.FromHours(1), p => p.MemoryBytes).Lines);
        Assert.Equal("–", Plot.Say(null));
    }

    private static Plot Of(IReadOnlyList<MetricPoint> points, int hours) => Plot.Of("Requests", "a minute", points, From, TimeSpan.FromHours(hours), p => p.Requests);

    private static MetricPoint Point(int minute, long requests) => new()
    {
        At = From.AddMinutes(minute), Requests = requests, ClientErrors = 0, ServerErrors = 0, P50 = null, P95 = null, P99 = null, MemoryBytes = null, CpuPercent = null,
    };
}
