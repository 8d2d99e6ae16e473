using System.Collections.Immutable;
using Sluice.Logs;

namespace Sluice.Dashboard.AppPage;

/// <summary>What people filter a log by: the router's lines, the app's own, and what the platform says of it.</summary>
internal static class TailSource
{
    public const string Router = "router", App = "app", Sluice = "sluice";

    public static readonly ImmutableArray<string> All = [Router, App, Sluice];

    public static string Of(LogLine line) => line.Dyno == Router ? Router : line.Source == "heroku" || line.Dyno == "api" ? Sluice : App;
}

/// <summary>Which lines somebody wants to see.</summary>
/// <param name="Sources">Of <see cref="TailSource.All"/>.</param>
/// <param name="Words">In any case; empty for all.</param>
public sealed record TailFilter(ImmutableArray<string> Sources, string Words)
{
    public static readonly TailFilter None = new(TailSource.All, "");

    public static TailFilter Of(IEnumerable<string> sources, string? words)
    {
        ImmutableArray<string> known = [.. TailSource.All.Intersect(sources, StringComparer.Ordinal)];
        return new TailFilter(known.IsEmpty ? TailSource.All : known, (words ?? "").Trim());
    }

    internal bool Lets(LogLine line) => Sources.Contains(TailSource.Of(line)) && (line.Text.Contains(Words, StringComparison.OrdinalIgnoreCase) || line.Dyno.Contains(Words, StringComparison.OrdinalIgnoreCase));
}
