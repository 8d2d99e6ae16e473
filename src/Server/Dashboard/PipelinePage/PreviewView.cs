using System.Collections.Immutable;
using Sluice.Pipelines;
using Sluice.Sources;

namespace Sluice.Dashboard.PipelinePage;

/// <summary>The minute before a promotion: what moves, where to, and what else differs.</summary>
public sealed record PreviewView
{
    public required PipelineAccess Access { get; init; }
    public required AppFact Source { get; init; }
    public required string Stage { get; init; }

    /// <summary>Where it goes, in words: a stage, or an app.</summary>
    public required string To { get; init; }
    public required ImmutableArray<PreviewTarget> Targets { get; init; }

    /// <summary>Newest first: all that any target gets.</summary>
    public required ImmutableArray<Commit> Commits { get; init; }
    public required int CommitCount { get; init; }

    /// <summary>Files between the source and the target that is furthest behind.</summary>
    public required Difference? Most { get; init; }
    public required ImmutableArray<Risk> Risks { get; init; }
    public required ImmutableArray<string> Same { get; init; }

    /// <summary>Why nothing can be promoted, a sentence; null when something can.</summary>
    public string? Nothing { get; init; }

    public string Path => $"/dashboard/pipelines/{Access.Pipeline.Id}";

    /// <summary>Which targets run this very commit.</summary>
    public IEnumerable<string> At(Commit commit) => Targets.Where(t => t.Fact.Commit?.Sha == commit.Sha).Select(t => t.Fact.Name);
}

/// <summary>One app that it may go to.</summary>
/// <param name="WhyNot">Why it cannot be chosen, a sentence; null when it can.</param>
public sealed record PreviewTarget(AppFact Fact, bool IsChosen, string? WhyNot, bool IsSame, Difference? Difference, KeyDrift? Drift, int NextVersion, string? ReleaseCommand, int Web);

/// <summary>Something to look at twice.</summary>
public sealed record Risk(string Icon, string Bold, string Rest, string? Href = null, string? Link = null);
