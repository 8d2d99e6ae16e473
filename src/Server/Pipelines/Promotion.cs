using System.Collections.Immutable;

namespace Sluice.Pipelines;

/// <summary>One slug on its way from one app to others. Each target has a release of its own, and that release's end is the target's. Each stands alone
/// unless it is all or nothing.</summary>
public sealed record Promotion
{
    public required PromotionId Id { get; init; }

    /// <summary>Null when it was promoted along an edge, outside any pipeline.</summary>
    public required PipelineId? Pipeline { get; init; }
    public required AppId Source { get; init; }

    /// <summary>The release that was pinned: its slug is what all targets get.</summary>
    public required ReleaseId SourceRelease { get; init; }
    public required AccountId User { get; init; }

    /// <summary>All targets flip together, or none does.</summary>
    public bool AllOrNothing { get; init; }
    public required ImmutableArray<PromotionTarget> Targets { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
    public required DateTimeOffset UpdatedAt { get; init; }

    /// <summary><c>completed</c> when every target has ended, one way or the other; else <c>pending</c>.</summary>
    public string Status => Targets.All(t => t.Status != "pending") ? "completed" : "pending";
}

public sealed record PromotionTarget
{
    public required Guid Id { get; init; }
    public required PromotionId Promotion { get; init; }
    public required AppId App { get; init; }

    /// <summary>Null while the release waits behind another one of the app.</summary>
    public required ReleaseId? Release { get; init; }

    /// <summary>pending, succeeded, failed.</summary>
    public required string Status { get; init; }

    /// <summary>A sentence, when it failed.</summary>
    public string? ErrorMessage { get; init; }

    /// <summary>A sentence on something to know, however it ends: the slug was built on other packages than this machine has.</summary>
    public string? Note { get; init; }
}
