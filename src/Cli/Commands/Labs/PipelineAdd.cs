using System.CommandLine;
using Sluice.Wire;

namespace Sluice.Cli.Commands.Labs;

internal sealed class PipelineAdd : AppCommand
{
    public static readonly About Is = new("pipeline:add", "Name the one app that this app promotes to", "sluice pipeline:add myapp -a myapp-staging", () => new PipelineAdd())
    {
        More = "Naming another one replaces it. You need the permission to deploy to both.",
    };

    private readonly Argument<string> downstream = Flags.Needed("DOWNSTREAM_APP", "the app to promote to");

    public PipelineAdd() : base(Is) => Arguments.Add(downstream);

    public override async Task<ExitCode> RunAsync(Run run, CancellationToken ct)
    {
        var edge = await run.Server.PutAsync<SetEdgeWire, EdgeWire>(Downstream.PathOf(await AppAsync(run, ct)), new(run.Value(downstream)!), ct);
        run.Terminal.Line($"Added downstream app: {edge.Downstream?.Name ?? run.Value(downstream)}");
        return ExitCode.Ok;
    }
}
