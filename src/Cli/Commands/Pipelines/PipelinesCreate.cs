using System.CommandLine;
using Sluice.Wire;

namespace Sluice.Cli.Commands.Pipelines;

internal sealed class PipelinesCreate : AppCommand
{
    public static readonly About Is = new("pipelines:create", "Make a pipeline, with its first app", "sluice pipelines:create shop -a shop-staging -s staging", () => new PipelinesCreate());

    private readonly Argument<string?> name = Flags.Optional("NAME", "name of the pipeline; without one it is asked for, the app's without its stage unless you say another");
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

        var wanted = run.Value(name) ?? await NameAsync(run, app, ct);
        var owner = (run.Value(team) ?? run.Surroundings.Variable("SLUICE_TEAM")) is { } named
            ? new PipelineOwnerWire((await run.Server.GetAsync<TeamWire>($"/teams/{Uri.EscapeDataString(named)}", ct)).Id, "team") : null;
        var before = await run.Server.ListAsync<PipelineWire>($"/pipelines?eq[name]={Uri.EscapeDataString(wanted)}", ct);
        var pipeline = await run.Terminal.StepAsync(
            $"Creating {wanted} pipeline", () => run.Server.PostAsync<CreatePipelineWire, PipelineWire>("/pipelines", new(wanted, owner), ct));
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

    /// <summary>What a person at a terminal says; an empty line takes what the app's name suggests.</summary>
    private static async Task<string> NameAsync(Run run, string? app, CancellationToken ct)
    {
        if (!run.Terminal.CanAsk)
            throw StopException.Usage("What is the pipeline's name? Give it: sluice pipelines:create NAME");
        var guess = app is null ? null : Coupling.BaseName(app);
        while (true)
        {
            var typed = await run.Terminal.AskAsync(guess is null ? "Pipeline name:" : $"Pipeline name ({guess}):", ct) ?? throw StopException.Usage("No name was given, so no pipeline was made.");
            if ((typed.Trim() is { Length: > 0 } said ? said : guess) is { } chosen)
                return chosen;
        }
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
