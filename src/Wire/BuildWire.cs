namespace Sluice.Wire;

/// <summary><c>GET /apps/:app/builds/:build</c></summary>
public sealed record BuildWire
{
    public required Guid Id { get; init; }
    public required IdWire App { get; init; }
    public required UserWire User { get; init; }

    /// <summary>pending, succeeded, failed.</summary>
    public required string Status { get; init; }
    public required SourceBlobWire SourceBlob { get; init; }
    public required IReadOnlyList<BuildpackWire>? Buildpacks { get; init; }
    public required string Stack { get; init; }
    public string Generation { get; init; } = "cedar";

    /// <summary>The build's output as plain text, as it comes; the address is the permission.</summary>
    public required string OutputStreamUrl { get; init; }
    public required IdWire? Slug { get; init; }
    public required IdWire? Release { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
    public required DateTimeOffset UpdatedAt { get; init; }
}

/// <summary>Where a build's source lies. In answers <paramref name="Url"/> is without its secret.</summary>
public sealed record SourceBlobWire(string Url, string? Version = null, string? VersionDescription = null, string? Checksum = null);

public sealed record BuildpackWire(string Url, string? Name = null);

/// <summary>Body of <c>POST /apps/:app/builds</c>.</summary>
public sealed record CreateBuildWire(SourceBlobWire SourceBlob, IReadOnlyList<BuildpackWire>? Buildpacks = null);

/// <summary><c>POST /sources</c>: PUT a gzipped tar to one address, give the other to a build.</summary>
public sealed record SourceWire(SourceUrlsWire SourceBlob);

public sealed record SourceUrlsWire(string GetUrl, string PutUrl);

/// <summary><c>GET /apps/:app/buildpack-installations</c></summary>
public sealed record BuildpackInstallationWire(int Ordinal, BuildpackWire Buildpack);

/// <summary>Body of <c>PUT /apps/:app/buildpack-installations</c>.</summary>
public sealed record UpdateBuildpacksWire(IReadOnlyList<BuildpackUpdateWire> Updates);

public sealed record BuildpackUpdateWire(string Buildpack);
