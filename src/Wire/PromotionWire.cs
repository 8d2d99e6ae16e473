namespace Sluice.Wire;

/// <summary><c>GET /pipeline-promotions/:promotion</c></summary>
public sealed record PromotionWire
{
    public required Guid Id { get; init; }

    /// <summary>Null when an app's own edge was followed, outside any pipeline.</summary>
    public required IdWire? Pipeline { get; init; }
    public required PromotionSourceWire Source { get; init; }

    /// <summary>All targets flip together, or none does. Ours, not Heroku's.</summary>
    public bool AllOrNothing { get; init; }

    /// <summary>pending or completed; how it went, the targets say.</summary>
    public required string Status { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
    public required DateTimeOffset? UpdatedAt { get; init; }
}

public sealed record PromotionSourceWire(IdWire App, IdWire Release);

/// <summary><c>GET /pipeline-promotions/:promotion/promotion-targets</c></summary>
public sealed record PromotionTargetWire
{
    public required Guid Id { get; init; }
    public required IdWire App { get; init; }
    public required IdWire PipelinePromotion { get; init; }

    /// <summary>Null until the target's release exists.</summary>
    public required IdWire? Release { get; init; }

    /// <summary>pending, succeeded, failed.</summary>
    public required string Status { get; init; }
    public required string? ErrorMessage { get; init; }

    /// <summary>A sentence on something to know, however it ends: the slug was built on other packages than the target's machine has. Ours, not Heroku's.</summary>
    public string? Note { get; init; }
}

/// <summary>Body of <c>POST /pipeline-promotions</c>. Without targets: to the app's own edge, else to all apps of the next stage.</summary>
/// <param name="AllOrNothing">All targets flip together, or none does.</param>
/// <param name="Skip">A stage of the pipeline's own that has apps may be passed by.</param>
public sealed record CreatePromotionWire(
    PromotionFromWire Source, IReadOnlyList<PromotionToWire>? Targets = null, IdWire? Pipeline = null, bool? AllOrNothing = null, bool? Skip = null);

/// <param name="Release">Exactly this release is promoted; null means the one that runs now.</param>
/// <param name="IfCurrent">Only if that release is still the one that runs; else 409.</param>
public sealed record PromotionFromWire(AppRefWire App, ReleaseRefWire? Release = null, bool? IfCurrent = null);

public sealed record PromotionToWire(AppRefWire App);

/// <param name="Id">Id or name.</param>
public sealed record AppRefWire(string Id);

/// <param name="Id">Id, <c>N</c> or <c>vN</c>.</param>
public sealed record ReleaseRefWire(string Id);
