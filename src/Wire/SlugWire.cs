namespace Sluice.Wire;

/// <summary><c>GET /apps/:app/slugs/:slug</c></summary>
public sealed record SlugWire
{
    public required Guid Id { get; init; }

    /// <summary>Where its files are fetched, or put while it has none; the address is the permission.</summary>
    public required BlobWire Blob { get; init; }

    /// <summary><c>SHA256:</c> and the digest of the slug's manifest; null until its files are here.</summary>
    public required string? Checksum { get; init; }
    public required string? Commit { get; init; }
    public required string? CommitDescription { get; init; }
    public required string? BuildpackProvidedDescription { get; init; }
    public required IReadOnlyDictionary<string, string> ProcessTypes { get; init; }

    /// <summary>Bytes.</summary>
    public required long? Size { get; init; }
    public required NamedWire Stack { get; init; }
    public DateTimeOffset? DeletedAt { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
    public required DateTimeOffset UpdatedAt { get; init; }
}

public sealed record BlobWire(string Method, string Url);

/// <summary>Body of <c>POST /apps/:app/slugs</c>.</summary>
public sealed record CreateSlugWire(
    IReadOnlyDictionary<string, string> ProcessTypes,
    string? Commit = null,
    string? CommitDescription = null,
    string? BuildpackProvidedDescription = null,
    string? Stack = null);
