using System.Collections.Immutable;
using System.Globalization;
using Sluice.Metrics;

namespace Sluice.Dashboard.AppPage;

/// <summary>One measure of an app over time as a small plot: 200 wide, 44 high, the highest value of each column; a gap where nothing was measured.</summary>
/// <param name="Lines">Coordinates for <c>polyline</c>, one for each stretch without a gap.</param>
/// <param name="Now">Of the newest minute; null when it was not measured then.</param>
/// <param name="Highest">Null when nothing was measured at all.</param>
public sealed record Plot(string Title, string Unit, ImmutableArray<string> Lines, double? Now, double? Highest)
{
    public const int Width = 200, Height = 44;
    private const int MostColumns = 96;

    public static Plot Of(string title, string unit, IReadOnlyList<MetricPoint> points, DateTimeOffset from, TimeSpan span, Func<MetricPoint, double?> value)
    {
        // Never more columns than minutes: a minute between two columns would look like a gap.
        var columns = new double?[(int)Math.Min(MostColumns, span.TotalMinutes)];
        foreach (var point in points)
        {
            var column = (point.At - from).Ticks * columns.Length / span.Ticks;
            if (column >= 0 && column < columns.Length && value(point) is { } v)
                columns[column] = Math.Max(columns[column] ?? 0, v);
        }
        var highest = columns.Max();
        return new Plot(title, unit, [.. Stretches(columns).Select(stretch => Draw(stretch, columns.Length, highest ?? 0))], points.Count == 0 ? null : value(points[^1]), highest);
    }

    public static string Say(double? value) => value is { } v ? v.ToString(v < 10 ? "0.#" : "#,0", CultureInfo.InvariantCulture) : "–";

    private static IEnumerable<(int Column, double Value)[]> Stretches(double?[] columns)
    {
        var stretch = new List<(int, double)>();
        for (var i = 0; i <= columns.Length; i++)
        {
            if (i < columns.Length && columns[i] is { } value)
                stretch.Add((i, value));
            else if (stretch.Count > 0)
            {
                yield return [.. stretch];
                stretch.Clear();
            }
        }
    }

    /// <summary>A stretch of one column is drawn as a short line, so that it is seen; never beyond the plot.</summary>
    private static string Draw((int Column, double Value)[] stretch, int columns, double highest)
    {
        var dots = stretch.Length > 1 ? stretch.Select(s => ((double)s.Column, s.Value)) : [(stretch[0].Column - 0.5, stretch[0].Value), (stretch[0].Column + 0.5, stretch[0].Value)];
        return string.Join(' ', dots.Select(d => string.Create(CultureInfo.InvariantCulture, $"{Math.Clamp(d.Item1 * Width / (columns - 1), 0, Width):0.#},{Y(d.Value, highest):0.#}")));
    }

    private static double Y(double value, double highest) => Height - 2 - (highest == 0 ? 0 : value / highest * (Height - 6));
}
