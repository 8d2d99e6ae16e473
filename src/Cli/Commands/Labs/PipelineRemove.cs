using System.CommandLine;

namespace Sluice.Cli.Commands.Labs;

internal sealed class PipelineRemove : AppCommand
{
    public static readonly About Is = new("pipeline:remove", "Let this app promote to that one no longer", "sluice pipeline:remove myapp -a myapp-staging", () => new PipelineRemove());

    private readonly Argument<string> downstream = Flags.Needed("DOWNSTREAM_APP", "the app that it named");

    public PipelineRemove() : base(Is) => Arguments.Add(downstream);

    public override async Task<ExitCode> RunAsync(Run run, CancellationToken ct)
    {
        var name = run.Value(downstream)!;
        await run.Server.DeleteAsync($"{Downstream.PathOf(await AppAsync(run, ct))}?app={Uri.EscapeDataString(name)}", ct);
        run.Terminal.Line($"Removed downstream app: {name}");
        return ExitCode.Ok;
    }
}
