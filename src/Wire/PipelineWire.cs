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

    /// <summary>The downstream app that the app names itself; null when it names none, or one that the caller may not see. Ours, not Heroku's.</summary>
    public NamedWire? Downstream { get; init; }
    public GenerationWire Generation { get; init; } = GenerationWire.Cedar;
    public required DateTimeOffset CreatedAt { get; init; }
    public required DateTimeOffset UpdatedAt { get; init; }
}

/// <summary>Body of <c>POST /pipeline-couplings</c>.</summary>
public sealed record CreateCouplingWire(string App, string Pipeline, string Stage);

/// <summary>Body of <c>PATCH /pipeline-couplings/:coupling</c>.</summary>
public sealed record UpdateCouplingWire(string Stage);

/// <summary><c>GET /pipelines/:pipeline/stages</c>: in the order that changes go through them. Ours, not Heroku's.</summary>
/// <param name="Standard">One of the four that every client knows. It stays, and keeps its order.</param>
/// <param name="Stage">How clients that know only the four see it: itself, or the standard one before it.</param>
/// <param name="Apps">How many apps are in it.</param>
public sealed record StageWire(string Name, bool Standard, string Stage, int Apps);

/// <summary>Body of <c>POST /pipelines/:pipeline/stages</c>: a name, and one of the two places.</summary>
public sealed record CreateStageWire(string Name, string? Before = null, string? After = null);

/// <summary>Body of <c>PATCH /pipelines/:pipeline/stages/:stage</c>: where it goes.</summary>
public sealed record UpdateStageWire(string? Before = null, string? After = null);

/// <summary><c>GET /apps/:app/downstream</c>, and each step of <c>GET /apps/:app/downstreams</c>: an app's one downstream app, named by itself. Ours, not Heroku's.</summary>
/// <param name="Downstream">Null when the caller may not see it.</param>
public sealed record EdgeWire(NamedWire App, NamedWire? Downstream, DateTimeOffset CreatedAt);

/// <summary>Body of <c>PUT /apps/:app/downstream</c>.</summary>
/// <param name="App">Id or name of the downstream app.</param>
public sealed record SetEdgeWire(string App);

/// <summary><c>GET /apps/:app/promotes-to</c>: where a promotion goes that names no apps. Ours, not Heroku's.</summary>
/// <param name="Stage">The very next stage; null when the app names its downstream app itself, or no stage comes next.</param>
/// <param name="Apps">Those that the caller may see, by name.</param>
/// <param name="WhyNot">Why such a promotion goes nowhere, a sentence; null when it goes to all of <paramref name="Apps"/>.</param>
public sealed record PromotesToWire(NamedWire App, string? Stage, IReadOnlyList<NamedWire> Apps, string? WhyNot);
