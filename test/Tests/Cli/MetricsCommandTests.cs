using Sluice.Cli.Commands.Metrics;
using Sluice.Wire;

namespace Sluice.Tests.Cli;

public sealed class MetricsCommandTests
{
    private static readonly DateTimeOffset From = new(2026, 11, 18, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public void A_curve_has_a_block_for_each_column_and_a_blank_where_nothing_was()
    {
        MetricPointWire[] points = [Point(0, 10), Point(1, 0), Point(3, 70), Point(4, 35)];
        Assert.Equal("▂▁ █▅", MetricsShow.Draw(points, From, 5, p => p.Requests));
        Assert.Equal("     ", MetricsShow.Draw(points, From, 5, p => p.Memory));
    }

    [Fact]
    public void Of_more_minutes_than_columns_each_column_shows_the_highest()
    {
        var points = Enumerable.Range(0, 120).Select(i => Point(i, i == 118 ? 8 : 1)).ToArray();
        var drawn = MetricsShow.Draw(points, From, 120, p => p.Requests);
        Assert.Equal((60, '█', '▂'), (drawn.Length, drawn[^1], drawn[0]));
    }

    private static MetricPointWire Point(int minute, long requests) => new()
    {
        At = From.AddMinutes(minute), Requests = requests, ClientErrors = 0, ServerErrors = 0, P50 = null, P95 = null, P99 = null, Memory = null, Cpu = null,
    };
}
