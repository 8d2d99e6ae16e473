using System.Collections.Immutable;

namespace Sluice.Releases;

/// <summary>
/// One entry in an app's append-only ledger: this slug with this config, from this moment.
/// Never edited; a rollback is a new release that names an old slug. Its config is sealed in the ledger, which opens it for those who may see it.
/// </summary>
public sealed record Release
{
    public required ReleaseId Id { get; init; }
    public required AppId App { get; init; }

    /// <summary>1, 2, 3 … per app, without gaps. Shown to people as <c>v3</c>.</summary>
    public required int Version { get; init; }
    public required SlugId? Slug { get; init; }
    public required ReleaseReason Reason { get; init; }

    /// <summary>Word for word Heroku's: <c>Deploy 0f0a53b</c>, <c>Promote shop-staging v6 0f0a53b</c>, <c>Rollback to v4</c>.</summary>
    public required string Description { get; init; }

    /// <summary>pending, succeeded, failed, errored.</summary>
    public required string Status { get; init; }
    public required string Step { get; init; }
    public string? Failure { get; init; }
    public bool HasOutput { get; init; }

    /// <summary>Those that it is decided together with; null when it stands alone.</summary>
    public ReleaseGroupId? Group { get; init; }
    public required AccountId User { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
    public required DateTimeOffset UpdatedAt { get; init; }

    public bool IsTerminal => Status != "pending";
}

public enum ReleaseReason
{
    Initial,
    Deploy,
    Config,
    Promotion,
    Rollback,
    Api,
    AddOn,
}
