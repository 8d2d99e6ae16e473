using Sluice.Wire;

namespace Sluice.Cli.Commands.Pipelines;

/// <summary>Where an app promotes to when nobody says: all apps of the very next stage. An empty next stage is not skipped, as on Heroku.</summary>
internal static class NextStage
{
    public static CouplingWire[] Of(CouplingWire source, PipelineWire pipeline, IEnumerable<CouplingWire> couplings)
    {
        string[] stages = [.. pipeline.Stages ?? ["review", "development", "staging", "production"]];
        var at = Array.IndexOf(stages, source.Shown());
        var next = source.Shown() is "review" ? null : stages.ElementAtOrDefault(at < 0 ? stages.Length : at + 1);
        return [.. couplings.Where(c => c.Shown() == next).OrderBy(c => c.App.Name, StringComparer.Ordinal)];
    }
}
