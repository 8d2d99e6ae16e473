using System.CommandLine;
using Sluice.Wire;

namespace Sluice.Cli.Commands.Pipelines;

internal sealed class PipelinesList : CliCommand
{
    public static readonly About Is = new("pipelines", "List your pipelines", "sluice pipelines", () => new PipelinesList()) { Aliases = ["pipelines:list"] };

    private readonly Option<bool> json = Flags.Json();

    public PipelinesList() : base(Is) => Options.Add(json);

    public override async Task<ExitCode> RunAsync(Run run, CancellationToken ct)
    {
        var pipelines = await run.Server.ListAsync<PipelineWire>("/pipelines", ct);
        if (run.Value(json))
        {
            run.Json(pipelines);
            return ExitCode.Ok;
        }

        if (pipelines.Count == 0)
        {
            run.Terminal.Note("You have no pipelines yet. Make one with: sluice pipelines:create NAME -a APP -s STAGE");
            return ExitCode.Ok;
        }

        run.Terminal.Heading("My Pipelines");
        foreach (var pipeline in pipelines.OrderBy(p => p.Name, StringComparer.Ordinal))
        {
            run.Terminal.Line(pipeline.Name);
        }

        return ExitCode.Ok;
    }
}
