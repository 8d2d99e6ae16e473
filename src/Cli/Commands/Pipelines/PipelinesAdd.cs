using System.CommandLine;
using Sluice.Wire;

namespace Sluice.Cli.Commands.Pipelines;

internal sealed class PipelinesAdd : AppCommand
{
    public static readonly About Is = new("pipelines:add", "Put an app into a pipeline", "sluice pipelines:add shop -a shop -s production", () => new PipelinesAdd());

    private readonly Argument<string> named = Flags.Needed("PIPELINE", "name or id");
    private readonly Option<string?> stage = Flags.Stage();

    public PipelinesAdd() : base(Is)
    {
        Arguments.Add(named);
        Options.Add(stage);
    }

    public override async Task<ExitCode> RunAsync(Run run, CancellationToken ct)
    {
        var app = await AppAsync(run, ct);
        var pipeline = await Coupling.PipelineAsync(run, run.Value(named)!, ct);
        await AddAsync(run, pipeline, app, run.Value(stage) ?? Coupling.GuessStage(app), ct);
        return ExitCode.Ok;
    }

    public static Task AddAsync(Run run, PipelineWire pipeline, string app, string stage, CancellationToken ct) => run.Terminal.StepAsync(
        $"Adding {app} to {pipeline.Name} pipeline as {stage}",
        () => run.Server.PostAsync<CreateCouplingWire, CouplingWire>("/pipeline-couplings", new(app, pipeline.Id.ToString(), stage), ct));
}
