using System.CommandLine;
using Sluice.Wire;

namespace Sluice.Cli.Commands.Pipelines;

internal sealed class PipelinesCreate : AppCommand
{
    public static readonly About Is = new("pipelines:create", "Make a pipeline, with its first app", "sluice pipelines:create shop -a shop-staging -s staging", () => new PipelinesCreate());

    private readonly Argument<string> name = Flags.Needed("NAME", "name of the pipeline");
    private readonly Option<string?> stage = Flags.Stage();
    private readonly Option<bool> json = Flags.Json();

    public PipelinesCreate() : base(Is)
    {
        Arguments.Add(name);
        Options.Add(stage);
        Options.Add(json);
    }

    public override async Task<ExitCode> RunAsync(Run run, CancellationToken ct)
    {
        // Everything that can be refused is asked before the pipeline is there.
        var app = await AnyAppAsync(run, ct);
        if (app is not null)
        {
            await run.Server.GetAsync<AppWire>($"/apps/{Uri.EscapeDataString(app)}", ct);
        }

        var pipeline = await run.Terminal.StepAsync(
            $"Creating {run.Value(name)} pipeline", () => run.Server.PostAsync<CreatePipelineWire, PipelineWire>("/pipelines", new(run.Value(name)!), ct));
        if (app is not null)
        {
            await PipelinesAdd.AddAsync(run, pipeline, app, run.Value(stage) ?? Coupling.GuessStage(app), ct);
        }

        if (run.Value(json))
        {
            run.Json(pipeline);
        }

        return ExitCode.Ok;
    }
}
