using System.CommandLine;
using Sluice.Wire;

namespace Sluice.Cli.Commands.Pipelines;

internal sealed class PipelinesUpdate : AppCommand
{
    public static readonly About Is = new("pipelines:update", "Move an app to another stage of its pipeline", "sluice pipelines:update -a shop-eu -s production", () => new PipelinesUpdate());

    private readonly Option<string?> stage = Flags.Stage();

    public PipelinesUpdate() : base(Is)
    {
        stage.Required = true;
        Options.Add(stage);
    }

    public override async Task<ExitCode> RunAsync(Run run, CancellationToken ct)
    {
        var app = await AppAsync(run, ct);
        var coupling = await Coupling.NeedAsync(run, app, ct);
        await run.Terminal.StepAsync($"Changing {app} to {run.Value(stage)}", () =>
            run.Server.PatchAsync<UpdateCouplingWire, CouplingWire>($"/pipeline-couplings/{coupling.Id}", new(run.Value(stage)!), ct));
        return ExitCode.Ok;
    }
}
