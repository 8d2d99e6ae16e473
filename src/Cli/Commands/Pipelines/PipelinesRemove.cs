using System.CommandLine;
using Sluice.Wire;

namespace Sluice.Cli.Commands.Pipelines;

internal sealed class PipelinesRemove : AppCommand
{
    public static readonly About Is = new("pipelines:remove", "Take an app out of its pipeline; the app stays", "sluice pipelines:remove -a shop-eu", () => new PipelinesRemove());

    private readonly Option<string?> pipeline = new("--pipeline") { Description = "the pipeline that it is in: lets the pipeline's owner take out an app that they may not see", HelpName = "PIPELINE" };

    public PipelinesRemove() : base(Is)
    {
        Options.Add(pipeline);
    }

    public override async Task<ExitCode> RunAsync(Run run, CancellationToken ct)
    {
        var app = await AppAsync(run, ct);
        var coupling = run.Value(pipeline) is { } named ? await InAsync(run, named, app, ct) : await Coupling.NeedAsync(run, app, ct);
        await run.Terminal.StepAsync($"Removing {app}", () => run.Server.DeleteAsync($"/pipeline-couplings/{coupling.Id}", ct));
        return ExitCode.Ok;
    }

    private static async Task<CouplingWire> InAsync(Run run, string named, string app, CancellationToken ct)
    {
        var found = await Coupling.PipelineAsync(run, named, ct);
        return (await Coupling.AllAsync(run, found.Id, ct)).FirstOrDefault(c => c.App.Name == app || c.App.Id.ToString() == app)
            ?? throw StopException.Refused($"{app} is not in pipeline {found.Name}. See what is: sluice pipelines:info {found.Name}");
    }
}
