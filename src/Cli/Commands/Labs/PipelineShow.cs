using System.CommandLine;
using System.Text.Json.Nodes;

namespace Sluice.Cli.Commands.Labs;

internal sealed class PipelineShow : AppCommand
{
    public static readonly About Is = new("pipeline", "Show where an app promotes to, app after app", "sluice pipeline -a myapp-staging", () => new PipelineShow())
    {
        More = "An app may name its one downstream app (pipeline:add); several may name the same. That needs no stages, and wins over their order. An app that names none goes on to the only app of its pipeline's next stage.",
    };

    private readonly Option<int?> depth = new("--depth", "-d") { Description = "how many apps to show", HelpName = "DEPTH" };
    private readonly Option<bool> json = Flags.Json();

    public PipelineShow() : base(Is)
    {
        Options.Add(depth);
        Options.Add(json);
    }

    public override async Task<ExitCode> RunAsync(Run run, CancellationToken ct)
    {
        if (run.Value(depth) is < 1)
        {
            throw StopException.Usage("--depth is a number of apps, 1 or more.");
        }

        var (app, chain) = await Downstream.ChainAsync(run, await AppAsync(run, ct), run.Value(depth), ct);
        if (run.Value(json))
        {
            run.Print(new JsonObject { ["app"] = app, ["downstreams"] = new JsonArray([.. chain.Select(name => (JsonNode)name)]) });
        }
        else
        {
            run.Terminal.Line($"Pipeline: {string.Join(" ---> ", chain.Prepend(app))}");
        }

        return ExitCode.Ok;
    }
}
