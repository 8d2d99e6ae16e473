using System.CommandLine;
using Sluice.Cli.Output;
using Sluice.Wire;

namespace Sluice.Cli.Commands.Pipelines;

internal sealed class PipelinesStages : CliCommand
{
    public static readonly About Is = new("pipelines:stages", "Show or change the stages of a pipeline", "sluice pipelines:stages shop --add canary --after staging", () => new PipelinesStages())
    {
        More = "review, development, staging and production are always there, in that order. A stage of your own stands between them; clients that\n"
            + "know only the four see its apps in the one before it. A promotion that would pass it by while it has apps must say --skip.",
    };

    private readonly Argument<string> named = Flags.Needed("PIPELINE", "name or id");
    private readonly Option<string?> add = new("--add") { Description = "add a stage of this name", HelpName = "STAGE" };
    private readonly Option<string?> remove = new("--remove") { Description = "remove a stage that has no apps", HelpName = "STAGE" };
    private readonly Option<string?> move = new("--move") { Description = "move a stage", HelpName = "STAGE" };
    private readonly Option<string?> after = new("--after") { Description = "where to: after this stage", HelpName = "STAGE" };
    private readonly Option<string?> before = new("--before") { Description = "where to: before this stage", HelpName = "STAGE" };
    private readonly Option<bool> json = Flags.Json();

    public PipelinesStages() : base(Is)
    {
        Arguments.Add(named);
        foreach (var option in new Option[] { add, remove, move, after, before, json })
        {
            Options.Add(option);
        }
    }

    public override async Task<ExitCode> RunAsync(Run run, CancellationToken ct)
    {
        Check(run);
        var pipeline = await Coupling.PipelineAsync(run, run.Value(named)!, ct);
        var stages = await ChangeAsync(run, $"/pipelines/{pipeline.Id}/stages", ct);
        if (run.Value(json))
        {
            run.Json(stages);
            return ExitCode.Ok;
        }

        run.Terminal.Heading(pipeline.Name);
        var table = new Table("stage", "apps", "on the wire");
        foreach (var stage in stages)
        {
            table.Add(stage.Name, $"{stage.Apps}", stage.Standard ? "" : stage.Stage);
        }

        table.Print(run.Terminal);
        return ExitCode.Ok;
    }

    private void Check(Run run)
    {
        var acts = new[] { run.Value(add), run.Value(remove), run.Value(move) }.Count(act => act is not null);
        var places = new[] { run.Value(after), run.Value(before) }.Count(place => place is not null);
        if (acts > 1)
        {
            throw StopException.Usage("Give one of --add, --remove and --move.");
        }

        if (places != (run.Value(add) ?? run.Value(move)) switch { null => 0, _ => 1 })
        {
            throw StopException.Usage(places == 0 ? "Say where: --after STAGE or --before STAGE." : "--after or --before, one of them, goes with --add and --move.");
        }
    }

    private async Task<IReadOnlyList<StageWire>> ChangeAsync(Run run, string stages, CancellationToken ct)
    {
        if (run.Value(add) is { } added)
        {
            return await run.Terminal.StepAsync($"Adding stage {added}", () => run.Server.PostAsync<CreateStageWire, IReadOnlyList<StageWire>>(stages, new(added, run.Value(before), run.Value(after)), ct));
        }

        if (run.Value(move) is { } moved)
        {
            return await run.Terminal.StepAsync(
                $"Moving stage {moved}", () => run.Server.PatchAsync<UpdateStageWire, IReadOnlyList<StageWire>>($"{stages}/{Uri.EscapeDataString(moved)}", new(run.Value(before), run.Value(after)), ct));
        }

        if (run.Value(remove) is { } removed)
        {
            await run.Terminal.StepAsync($"Removing stage {removed}", () => run.Server.DeleteAsync($"{stages}/{Uri.EscapeDataString(removed)}", ct));
        }

        return await run.Server.ListAsync<StageWire>(stages, ct);
    }
}
