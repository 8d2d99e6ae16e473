namespace Sluice.Wire;

/// <summary><c>GET /apps/:app/formation</c></summary>
public sealed record FormationWire
{
    public required Guid Id { get; init; }
    public required NamedWire App { get; init; }
    public required string Type { get; init; }
    public required string Command { get; init; }
    public required int Quantity { get; init; }
    public required string Size { get; init; }
    public required NamedWire DynoSize { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
    public required DateTimeOffset UpdatedAt { get; init; }
}

/// <summary>Body of <c>PATCH /apps/:app/formation</c>.</summary>
public sealed record UpdateFormationWire(IReadOnlyList<FormationUpdateWire> Updates);

/// <param name="Quantity">A count or a change: <c>2</c>, <c>+1</c>, <c>-1</c>.</param>
public sealed record FormationUpdateWire(string Type, string? Quantity = null, string? Size = null);

/// <summary><c>GET /apps/:app/dynos</c></summary>
public sealed record DynoWire
{
    public required Guid Id { get; init; }
    public required NamedWire App { get; init; }

    /// <summary><c>web.1</c></summary>
    public required string Name { get; init; }
    public required string Type { get; init; }
    public required string Command { get; init; }
    public required string Size { get; init; }

    /// <summary>starting, up, idle, crashed, down.</summary>
    public required string State { get; init; }
    public required DynoReleaseWire Release { get; init; }
    public string? AttachUrl { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
    public required DateTimeOffset UpdatedAt { get; init; }
}

public sealed record DynoReleaseWire(Guid Id, int Version);

/// <summary><c>GET /dyno-sizes</c></summary>
public sealed record DynoSizeWire
{
    public required Guid Id { get; init; }
    public required string Name { get; init; }

    /// <summary>GiB.</summary>
    public required double Memory { get; init; }
    public required int Compute { get; init; }
    public required double PreciseDynoUnits { get; init; }
    public required bool Dedicated { get; init; }
    public required string Architecture { get; init; }
    public GenerationWire Generation { get; init; } = GenerationWire.Cedar;

    /// <summary>Always null: the machine is yours.</summary>
    public CostWire? Cost { get; init; }
    public bool PrivateSpaceOnly { get; init; }
}

public sealed record CostWire(int Cents, string Unit);
