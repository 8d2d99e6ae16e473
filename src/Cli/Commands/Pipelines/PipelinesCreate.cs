using System.CommandLine;
using Sluice.Wire;

namespace Sluice.Cli.Commands.Pipelines;

internal sealed class PipelinesCreate : AppCommand
{
    public static readonly About Is = new("pipelines:create", "Make a pipeline, with its first app", "sluice pipelines:create shop -a shop-staging -s staging", () => new PipelinesCreate());

    private readonly Argument<string> name = Flags.Needed("NAME", "name of the pipeline");
    private readonly Option<string?> stage = Flags.Stage();
    private readonly Option<string?> team = Flags.Team();
    private readonly Option<bool> json = Flags.Json();

    public PipelinesCreate() : base(Is)
    {
        Arguments.Add(name);
        Options.Add(stage);
        Options.Add(team);
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

        var owner = (run.Value(team) ?? run.Surroundings.Variable("SLUICE_TEAM")) is { } named
            ? new PipelineOwnerWire((await run.Server.GetAsync<TeamWire>($"/teams/{Uri.EscapeDataString(named)}", ct)).Id, "team") : null;
        var before = await run.Server.ListAsync<PipelineWire>($"/pipelines?eq[name]={Uri.EscapeDataString(run.Value(name)!)}", ct);
        var pipeline = await run.Terminal.StepAsync(
            $"Creating {run.Value(name)} pipeline", () => run.Server.PostAsync<CreatePipelineWire, PipelineWire>("/pipelines", new(run.Value(name)!, owner), ct));
        if (before.Count > 0)
        {
            run.Terminal.Warning($"There {(before.Count == 1 ? "is another pipeline" : $"are {before.Count} other pipelines")} of this name. Where the name is asked for, give the id: this one's is {pipeline.Id}.");
        }

        if (app is not null)
        {
            await AddFirstAsync(run, pipeline, app, ct);
        }

        if (run.Value(json))
        {
            run.Json(pipeline);
        }

        return ExitCode.Ok;
    }

    /// <summary>A refusal takes the pipeline back, so that trying again does not leave two of one name.</summary>
    private async Task AddFirstAsync(Run run, PipelineWire pipeline, string app, CancellationToken ct)
    {
        try
        {
            await PipelinesAdd.AddAsync(run, pipeline, app, run.Value(stage) ?? Coupling.GuessStage(app), ct);
        }
        catch (SluiceException)
        {
            await run.Server.DeleteAsync($"/pipelines/{pipeline.Id}", ct);
            throw;
        }
    }
}
