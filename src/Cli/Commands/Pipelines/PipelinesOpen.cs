using System.CommandLine;

namespace Sluice.Cli.Commands.Pipelines;

internal sealed class PipelinesOpen : CliCommand
{
    public static readonly About Is = new("pipelines:open", "Open a pipeline's page in the browser", "sluice pipelines:open shop", () => new PipelinesOpen());

    private readonly Argument<string> named = Flags.Needed("PIPELINE", "name or id");

    public PipelinesOpen() : base(Is) => Arguments.Add(named);

    public override async Task<ExitCode> RunAsync(Run run, CancellationToken ct)
    {
        var pipeline = await Coupling.PipelineAsync(run, run.Value(named)!, ct);
        Browser.Open(run, $"{run.Location.Address}/pipelines/{pipeline.Id}");
        return ExitCode.Ok;
    }
}
