using System.Globalization;

namespace Sluice.Bench;

/// <summary>One line of the table: what was measured, against what, and what it must reach.</summary>
internal sealed record Row(string Name, string Measured, string Reference, string Ratio, string Bar, bool IsReached)
{
    /// <summary>Two times of the same run, by their medians; reached when the ratio is at most <paramref name="bar"/>.</summary>
    public static Row Times(string name, IReadOnlyList<TimeSpan> measured, IReadOnlyList<TimeSpan> reference, double bar)
    {
        var (mine, other) = (Median(measured), Median(reference));
        return new(name, Text(mine), Text(other), (mine / other).ToString("0.00", CultureInfo.InvariantCulture), $"≤ {bar:0.00}", mine / other <= bar);
    }

    /// <summary>Something that is more than its reference by at most <paramref name="bar"/>.</summary>
    public static Row Extra(string name, IReadOnlyList<TimeSpan> measured, IReadOnlyList<TimeSpan> reference, TimeSpan bar)
    {
        var (mine, other) = (Median(measured), Median(reference));
        return new(name, Text(mine), Text(other), (mine / other).ToString("0.00", CultureInfo.InvariantCulture), $"≤ +{Text(bar)}", mine - other <= bar);
    }

    /// <summary>A time that must not be longer than <paramref name="bar"/>; its reference says what of that is not ours.</summary>
    public static Row Within(string name, IReadOnlyList<TimeSpan> measured, IReadOnlyList<TimeSpan> reference, TimeSpan bar)
    {
        var (mine, other) = (Median(measured), Median(reference));
        return new(name, Text(mine), Text(other), (mine / other).ToString("0.00", CultureInfo.InvariantCulture), $"≤ {Text(bar)}", mine <= bar);
    }

    /// <summary>A number that must not be larger than <paramref name="bar"/>, beside that of something known.</summary>
    public static Row Within(string name, double measured, double reference, double bar, string unit) =>
        new(name, $"{measured:0.##} {unit}", $"{reference:0.##} {unit}", $"{measured / reference:0.00}", $"≤ {bar:0.##} {unit}", measured <= bar);

    /// <summary>The slowest hundredth of two series of times; reached when the ratio is at most <paramref name="bar"/>.</summary>
    public static Row Tails(string name, IReadOnlyList<TimeSpan> measured, IReadOnlyList<TimeSpan> reference, double bar)
    {
        var (mine, other) = (Tail(measured), Tail(reference));
        return new(name, Text(mine), Text(other), (mine / other).ToString("0.00", CultureInfo.InvariantCulture), $"≤ {bar:0.00}", mine / other <= bar);
    }

    /// <summary>A number that stands for itself.</summary>
    public static Row AtMost(string name, double measured, double bar, string unit) =>
        new(name, $"{measured:0.##} {unit}", "", "", $"≤ {bar:0.##} {unit}", measured <= bar);

    /// <summary>A number that should be large against its reference, as requests per second.</summary>
    public static Row AtLeast(string name, double measured, double reference, double bar, string unit) =>
        new(name, $"{measured:#,0} {unit}", $"{reference:#,0} {unit}", $"{measured / reference:0.00}", $"≥ {bar:0.00}", measured / reference >= bar);

    public static TimeSpan Median(IReadOnlyList<TimeSpan> times) => times.Order().ElementAt(times.Count / 2);

    private static TimeSpan Tail(IReadOnlyList<TimeSpan> times) => times.Order().ElementAt(times.Count * 99 / 100);

    private static string Text(TimeSpan time) =>
        time.TotalSeconds >= 1 ? $"{time.TotalSeconds:0.00} s" : time.TotalMilliseconds >= 10 ? $"{time.TotalMilliseconds:0} ms" : $"{time.TotalMilliseconds:0.0} ms";
}
