using System.CommandLine;

namespace Sluice.Cli.Commands.Pipelines;

internal sealed class PipelinesDestroy : CliCommand
{
    public static readonly About Is = new("pipelines:destroy", "Delete a pipeline; its apps stay", "sluice pipelines:destroy shop", () => new PipelinesDestroy());

    private readonly Argument<string> named = Flags.Needed("PIPELINE", "name or id");

    public PipelinesDestroy() : base(Is) => Arguments.Add(named);

    public override async Task<ExitCode> RunAsync(Run run, CancellationToken ct)
    {
        var pipeline = await Coupling.PipelineAsync(run, run.Value(named)!, ct);
        await run.Terminal.StepAsync($"Destroying {pipeline.Name} pipeline", () => run.Server.DeleteAsync($"/pipelines/{pipeline.Id}", ct));
        return ExitCode.Ok;
    }
}
