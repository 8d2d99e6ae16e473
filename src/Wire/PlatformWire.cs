namespace Sluice.Wire;

/// <summary><c>GET /stacks</c></summary>
public sealed record StackWire
{
    public required Guid Id { get; init; }
    public required string Name { get; init; }
    public required string State { get; init; }
    public required bool Default { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
    public required DateTimeOffset UpdatedAt { get; init; }
}

/// <summary><c>GET /regions</c></summary>
public sealed record RegionWire
{
    public required Guid Id { get; init; }
    public required string Name { get; init; }
    public required string Description { get; init; }
    public required string Country { get; init; }
    public required string Locale { get; init; }
    public required bool PrivateCapable { get; init; }
    public required RegionProviderWire Provider { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
    public required DateTimeOffset UpdatedAt { get; init; }
}

public sealed record RegionProviderWire(string Name, string Region);
