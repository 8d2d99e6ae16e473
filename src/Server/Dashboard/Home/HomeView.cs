using System.Collections.Immutable;
using Sluice.Pipelines;

namespace Sluice.Dashboard.Home;

/// <summary>The first page: what someone has, pipelines first.</summary>
public sealed record HomeView(string Query, ImmutableArray<PipelineLine> Lines, ImmutableArray<AppFact> Alone, string? MoreLines, string? MoreAlone)
{
    public bool IsEmpty => Query.Length == 0 && Lines.IsEmpty && Alone.IsEmpty;
}

/// <summary>One pipeline as one line.</summary>
public sealed record PipelineLine
{
    public required Pipeline Pipeline { get; init; }
    public required ImmutableArray<LineReach> Reaches { get; init; }
    public required ImmutableArray<LineApp> Apps { get; init; }
    public required LineState State { get; init; }
}

/// <summary>One stage that has apps.</summary>
/// <param name="Drop">What stands at its gate, like <c>2 ahead</c>; null when nothing does.</param>
public sealed record LineReach(string Stage, int Level, string? Drop);

public sealed record LineApp(string Name, string Note);

/// <summary>What to know of it, in a word and a sentence.</summary>
public sealed record LineState(string Sign, string Word, string Detail, DateTimeOffset? Since = null);
