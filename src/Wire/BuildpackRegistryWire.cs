namespace Sluice.Wire;

/// <summary><c>GET /buildpacks/:name</c> of the buildpack registry, which here knows the bundled ones.</summary>
public sealed record RegistryBuildpackWire
{
    public required Guid Id { get; init; }
    public required string Namespace { get; init; }
    public required string Name { get; init; }
    public required string Description { get; init; }
    public string Category { get; init; } = "languages";
    public required string BlobUrl { get; init; }
    public RegistrySourceWire Source { get; init; } = new("bundled");
    public required RegistrySupportWire Support { get; init; }
    public bool TwoFactorAuthentication { get; init; }
}

public sealed record RegistrySourceWire(string Type);

public sealed record RegistrySupportWire(string Method, string Address);

/// <summary><c>GET /buildpacks/:name/revisions</c>: the one that this server has.</summary>
public sealed record RegistryRevisionWire(Guid Id, int Release, string Status, string? License, DateTimeOffset CreatedAt);

/// <summary><c>GET /buildpacks/:name/readme</c></summary>
public sealed record RegistryReadmeWire(string Content, string Encoding = "base64");
