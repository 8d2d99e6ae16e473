using System.CommandLine;
using Sluice.Wire;

namespace Sluice.Cli.Commands.Pipelines;

internal sealed class PipelinesRename : CliCommand
{
    public static readonly About Is = new("pipelines:rename", "Give a pipeline another name", "sluice pipelines:rename shop boutique", () => new PipelinesRename());

    private readonly Argument<string> named = Flags.Needed("PIPELINE", "name or id");
    private readonly Argument<string> name = Flags.Needed("NAME", "the new name");
    private readonly Option<bool> json = Flags.Json();

    public PipelinesRename() : base(Is)
    {
        Arguments.Add(named);
        Arguments.Add(name);
        Options.Add(json);
    }

    public override async Task<ExitCode> RunAsync(Run run, CancellationToken ct)
    {
        var pipeline = await Coupling.PipelineAsync(run, run.Value(named)!, ct);
        var renamed = await run.Terminal.StepAsync($"Renaming {pipeline.Name} pipeline to {run.Value(name)}", () =>
            run.Server.PatchAsync<UpdatePipelineWire, PipelineWire>($"/pipelines/{pipeline.Id}", new(run.Value(name)!), ct));
        if (run.Value(json))
        {
            run.Json(renamed);
        }

        return ExitCode.Ok;
    }
}
