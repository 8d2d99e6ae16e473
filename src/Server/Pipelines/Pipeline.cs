using System.Collections.Immutable;
using System.Text.RegularExpressions;
using Sluice.Apps;

namespace Sluice.Pipelines;

/// <summary>A way that changes take: an ordered list of stages, and apps in them. Its name need not be unique.</summary>
public sealed partial record Pipeline
{
    public required PipelineId Id { get; init; }

    /// <summary><c>^[a-z][a-z0-9-]{2,29}$</c></summary>
    public required string Name { get; init; }
    public required AccountId Owner { get; init; }

    /// <summary>Of a person, or of a team (<c>acme@herokumanager.com</c>).</summary>
    public required string OwnerEmail { get; init; }

    /// <summary>Name of the team that owns it; null when a person does.</summary>
    public string? Team => Teams.Team.NameOf(OwnerEmail) is var name && name != OwnerEmail ? name : null;

    /// <summary>Names of stages, in the order that changes go through them.</summary>
    public required ImmutableArray<string> Stages { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
    public required DateTimeOffset UpdatedAt { get; init; }

    /// <summary>What is wrong with a name, a sentence each; none when it is good.</summary>
    public static IEnumerable<string> NameFaults(string name)
    {
        if (!GoodName().IsMatch(name))
            yield return "A pipeline's name has 3 to 30 characters, starts with a letter, and has only lower-case letters, digits and dashes.";
        if (Guid.TryParse(name, out _))
            yield return "A pipeline's name may not look like an id.";
    }

    /// <summary>What is wrong with a stage, a sentence; none when the pipeline has it.</summary>
    public IEnumerable<string> StageFaults(string stage)
    {
        if (!Stages.Contains(stage))
            yield return $"Pipeline {Name} has no stage {(stage.Length <= 60 ? stage : stage[..57] + "...")}; it has {string.Join(", ", Stages)}.";
    }

    [GeneratedRegex(@"\A[a-z][a-z0-9-]{2,29}\z")]
    private static partial Regex GoodName();
}

/// <summary>A pipeline as one person has it: with what they may do to it.</summary>
public sealed record PipelineAccess(Pipeline Pipeline, PermissionSet Granted)
{
    /// <exception cref="RefusedException">Not found, when it may not even be seen; forbidden.</exception>
    public void Demand(Permission wanted) => Access.Demand(Granted, wanted, "pipeline", Pipeline.Name, Pipeline.OwnerEmail);

    /// <summary>Why one may not, as <see cref="Demand"/> would say it; null when one may.</summary>
    public string? WhyNot(Permission wanted) => Access.WhyNot(Granted, wanted, "pipeline", Pipeline.Name, Pipeline.OwnerEmail)?.Message;
}

/// <summary>Stages are names in a pipeline's list, never an enum.</summary>
public static class Stages
{
    public static readonly ImmutableArray<string> Default = ["review", "development", "staging", "production"];

    /// <summary>How a stage looks to clients that know the standard ones only: itself, or the standard stage before it in the list.</summary>
    public static string OnTheWire(ImmutableArray<string> stages, string stage) =>
        stages.Take(stages.IndexOf(stage) + 1).LastOrDefault(s => Default.Contains(s)) ?? Default[0];
}

/// <summary>One app's place: a stage of a pipeline. An app has at most one.</summary>
public sealed record Coupling
{
    public required CouplingId Id { get; init; }
    public required PipelineId Pipeline { get; init; }
    public required string PipelineName { get; init; }

    /// <summary>The pipeline's stages, in order.</summary>
    public required ImmutableArray<string> Stages { get; init; }
    public required AppId App { get; init; }
    public required string AppName { get; init; }
    public required string Stage { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
    public required DateTimeOffset UpdatedAt { get; init; }
}
