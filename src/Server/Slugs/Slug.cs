using System.Collections.Immutable;

namespace Sluice.Slugs;

/// <summary>
/// What is known of a slug: an immutable file tree (<see cref="Digest"/>) with how to start it. Promotion moves this row's id from
/// release to release and never a byte.
/// </summary>
public sealed record Slug
{
    public required SlugId Id { get; init; }

    /// <summary>Where it was made.</summary>
    public required AppId App { get; init; }

    /// <summary>Null while its files are still to be uploaded, and when they are no longer kept (<see cref="CollectedAt"/>).</summary>
    public required SlugDigest? Digest { get; init; }
    public required string Stack { get; init; }

    /// <summary>Full commit sha; null without git.</summary>
    public string? Commit { get; init; }
    public string? CommitDescription { get; init; }
    public string? BuildpackDescription { get; init; }

    /// <summary>Process type → command, from the Procfile and the buildpack's defaults.</summary>
    public required ImmutableSortedDictionary<string, string> ProcessTypes { get; init; }

    /// <summary>Bytes of content; null until the files are here.</summary>
    public long? Size { get; init; }

    /// <summary>Fingerprint of the packages on the host that built it; null for an uploaded slug.</summary>
    public string? HostPackages { get; init; }

    /// <summary>Path that its app.json names for the health check of web dynos; null when it names none.</summary>
    public string? HealthPath { get; init; }

    /// <summary>When its files were thrown away, since only old releases name it; null while they are kept or still to come.</summary>
    public DateTimeOffset? CollectedAt { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
    public required DateTimeOffset UpdatedAt { get; init; }
}

/// <summary>What the agent answers when a tree became a slug.</summary>
public sealed record SlugMade(SlugDigest Digest, long Bytes, int Files);
