namespace Sluice.Wire;

/// <summary><c>GET /pipelines/:pipeline</c></summary>
public sealed record PipelineWire
{
    public required Guid Id { get; init; }
    public required string Name { get; init; }
    public required PipelineOwnerWire? Owner { get; init; }
    public GenerationWire Generation { get; init; } = GenerationWire.Cedar;

    /// <summary>Names of its stages in order. Ours, not Heroku's.</summary>
    public IReadOnlyList<string>? Stages { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
    public required DateTimeOffset UpdatedAt { get; init; }
}

/// <param name="Type">user or team.</param>
public sealed record PipelineOwnerWire(Guid Id, string Type);

/// <summary>Body of <c>POST /pipelines</c>.</summary>
public sealed record CreatePipelineWire(string Name, PipelineOwnerWire? Owner = null);

/// <summary>Body of <c>PATCH /pipelines/:pipeline</c>.</summary>
public sealed record UpdatePipelineWire(string Name);

/// <summary><c>GET /pipelines/:pipeline/pipeline-couplings</c>, <c>GET /apps/:app/pipeline-couplings</c></summary>
public sealed record CouplingWire
{
    public required Guid Id { get; init; }
    public required NamedWire App { get; init; }
    public required NamedWire Pipeline { get; init; }

    /// <summary>review, development, staging or production; a stage of the pipeline's own shows as the standard one before it.</summary>
    public required string Stage { get; init; }

    /// <summary>The stage's own name. Ours, not Heroku's.</summary>
    public string? StageName { get; init; }
    public GenerationWire Generation { get; init; } = GenerationWire.Cedar;
    public required DateTimeOffset CreatedAt { get; init; }
    public required DateTimeOffset UpdatedAt { get; init; }
}

/// <summary>Body of <c>POST /pipeline-couplings</c>.</summary>
public sealed record CreateCouplingWire(string App, string Pipeline, string Stage);

/// <summary>Body of <c>PATCH /pipeline-couplings/:coupling</c>.</summary>
public sealed record UpdateCouplingWire(string Stage);
