namespace Sluice.Cli.Commands.Pipelines;

internal sealed class PipelinesRemove : AppCommand
{
    public static readonly About Is = new("pipelines:remove", "Take an app out of its pipeline; the app stays", "sluice pipelines:remove -a shop-eu", () => new PipelinesRemove());

    public PipelinesRemove() : base(Is)
    {
    }

    public override async Task<ExitCode> RunAsync(Run run, CancellationToken ct)
    {
        var app = await AppAsync(run, ct);
        var coupling = await Coupling.NeedAsync(run, app, ct);
        await run.Terminal.StepAsync($"Removing {app}", () => run.Server.DeleteAsync($"/pipeline-couplings/{coupling.Id}", ct));
        return ExitCode.Ok;
    }
}
