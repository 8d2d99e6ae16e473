namespace Sluice.Wire;

/// <summary><c>GET /apps/:app/releases/:release</c></summary>
public sealed record ReleaseWire
{
    public required Guid Id { get; init; }
    public required NamedWire App { get; init; }

    /// <summary>1, 2, 3 … without gaps.</summary>
    public required int Version { get; init; }
    public required string Description { get; init; }

    /// <summary>pending, succeeded, failed; expired: it succeeded, and its slug is no longer kept.</summary>
    public required string Status { get; init; }

    /// <summary>Whether it is the one that runs.</summary>
    public required bool Current { get; init; }
    public required IdWire? Slug { get; init; }
    public IdWire? OciImage { get; init; }
    public required UserWire User { get; init; }

    /// <summary>Output of its release phase as plain text, as it comes; null when it had none. The address is the permission.</summary>
    public required string? OutputStreamUrl { get; init; }
    public required bool EligibleForRollback { get; init; }

    /// <summary>Why it failed, as a sentence; null otherwise. Ours, not Heroku's.</summary>
    public string? Failure { get; init; }

    /// <summary>What keeps a pending one up (an absent router or agent, the other targets of its promotion), as a sentence; null otherwise. Ours, not Heroku's.</summary>
    public string? WaitingFor { get; init; }
    public IReadOnlyList<string> AddonPlanNames { get; init; } = [];
    public IReadOnlyList<ArtifactWire> Artifacts { get; init; } = [];
    public required DateTimeOffset CreatedAt { get; init; }
    public required DateTimeOffset UpdatedAt { get; init; }
}

public sealed record ArtifactWire(string Type, Guid Id);

/// <summary>Body of <c>POST /apps/:app/releases</c>: either an old release (roll back) or a slug.</summary>
public sealed record CreateReleaseWire(string? Release = null, string? Slug = null, string? Description = null);
