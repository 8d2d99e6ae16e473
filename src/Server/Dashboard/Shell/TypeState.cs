using System.Collections.Immutable;
using Sluice.Apps;
using Sluice.Runtime;

namespace Sluice.Dashboard.Shell;

/// <summary>How one process type of an app stands: how many dynos should run and what the others do.</summary>
public sealed record TypeState(string Type, int Wanted, int Up, int Starting, string? Trouble)
{
    /// <summary>When the first of those that crashed is started again; null when none waits for that.</summary>
    public DateTimeOffset? TryAgainAt { get; init; }

    public string Words => $"{Type} {Up}/{Wanted}";

    /// <summary>The pips show it, where there are any.</summary>
    public string? StartingWords => Starting > 0 ? $", {Starting} starting" : null;

    public bool HasPips => Wanted is > 0 and <= 12;

    /// <summary>A class for each pip.</summary>
    public IEnumerable<string> Pips => Enumerable.Repeat("", Up).Concat(Enumerable.Repeat("start", Starting)).Concat(Enumerable.Repeat("down", Math.Max(0, Wanted - Up - Starting)));

    /// <summary>Process types that should run, web first; those that nobody wants to run are left out.</summary>
    public static ImmutableArray<TypeState> Of(IEnumerable<Formation> formation, IReadOnlyCollection<string> known, ImmutableArray<DynoStatus> dynos) =>
    [
        .. formation.Where(f => known.Contains(f.Type) && (f.Quantity > 0 || f.Type == "web")).OrderBy(f => f.Type == "web" ? "" : f.Type, StringComparer.Ordinal)
            .Select(f => Of(f, [.. dynos.Where(d => d.Type == f.Type)])),
    ];

    private static TypeState Of(Formation row, DynoStatus[] dynos) => new(
        row.Type, row.Quantity, dynos.Count(d => d.State == DynoState.Up), dynos.Count(d => d.State == DynoState.Starting), dynos.Select(TroubleOf).FirstOrDefault(t => t is not null))
    {
        TryAgainAt = dynos.Min(d => d.TryAgainAt),
    };

    private static string? TroubleOf(DynoStatus dyno) => dyno.State != DynoState.Crashed ? null
        : dyno.Reason is { Length: > 0 } reason ? $"{dyno.Name}: {reason}"
        : dyno.ExitCode is { } code ? $"{dyno.Name} exited with {code}."
        : $"{dyno.Name} crashed.";
}
