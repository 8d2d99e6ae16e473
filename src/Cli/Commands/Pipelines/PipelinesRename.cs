using System.CommandLine;
using Sluice.Wire;

namespace Sluice.Cli.Commands.Pipelines;

internal sealed class PipelinesRename : CliCommand
{
    public static readonly About Is = new("pipelines:rename", "Give a pipeline another name", "sluice pipelines:rename shop boutique", () => new PipelinesRename());

    private readonly Argument<string> named = Flags.Needed("PIPELINE", "name or id");
    private readonly Argument<string> name = Flags.Needed("NAME", "the new name");

    public PipelinesRename() : base(Is)
    {
        Arguments.Add(named);
        Arguments.Add(name);
    }

    public override async Task<ExitCode> RunAsync(Run run, CancellationToken ct)
    {
        var pipeline = await Coupling.PipelineAsync(run, run.Value(named)!, ct);
        await run.Terminal.StepAsync($"Renaming {pipeline.Name} pipeline to {run.Value(name)}", () =>
            run.Server.PatchAsync<UpdatePipelineWire, PipelineWire>($"/pipelines/{pipeline.Id}", new(run.Value(name)!), ct));
        return ExitCode.Ok;
    }
}
