using Sluice.Cli.Output;
using Sluice.Wire;

namespace Sluice.Cli.Commands.Labs;

internal sealed class PipelineDiff : AppCommand
{
    public static readonly About Is = new("pipeline:diff", "List the commits that the downstream app does not have yet", "sluice pipeline:diff -a myapp-staging", () => new PipelineDiff())
    {
        More = "The commits come from the server, whatever this folder holds.",
    };

    public PipelineDiff() : base(Is)
    {
    }

    public override async Task<ExitCode> RunAsync(Run run, CancellationToken ct)
    {
        var (app, next) = await Downstream.NextAsync(run, await AppAsync(run, ct), ct);
        var diff = await run.Server.GetAsync<DiffWire>($"/apps/{Uri.EscapeDataString(app)}/diff?to={Uri.EscapeDataString(next)}", ct);
        run.Terminal.Line($"Comparing {app} to {next}...done, {Said(app, next, diff)}");
        foreach (var commit in diff.Commits)
        {
            run.Terminal.Line($"{Words.Short(commit.Sha)}  {commit.Date:yyyy-MM-dd}  {Words.FirstLine(commit.Subject)}  ({commit.Author})");
        }

        foreach (var file in diff.Files)
        {
            run.Terminal.Line($"{file.Change,-8}{file.Path}");
        }

        return ExitCode.Ok;
    }

    private static string Said(string app, string next, DiffWire diff) => diff switch
    {
        { From.Checksum: null } => $"{app} has released nothing yet",
        { AheadBy: > 0 } => $"{app} ahead by {Words.Count(diff.AheadBy, "commit")}:",
        { To.Checksum: null } => $"{next} has released nothing yet",
        { Files.Count: > 0 } => $"no history tells more than the files, {Words.Count(diff.Files.Count, "path")}:",
        _ => "everything is up to date",
    };
}
