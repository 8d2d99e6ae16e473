using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Nodes;
using Sluice.Cli.Output;
using Sluice.Wire;

namespace Sluice.Cli.Commands.Pipelines;

internal sealed class PipelinesDiff : AppCommand
{
    public static readonly About Is = new("pipelines:diff", "Show what the next stage does not have yet", "sluice diff -a shop-staging", () => new PipelinesDiff())
    {
        Aliases = ["diff"],
        More = "Compares what the two apps run, by the server's own history: no code host is asked. Without --to, all apps of the next stage.",
    };

    private readonly Option<string?> to = new("--to", "-t") { Description = "compare with these apps instead", HelpName = "APP,..." };
    private readonly Option<bool> json = Flags.Json();

    public PipelinesDiff() : base(Is)
    {
        Options.Add(to);
        Options.Add(json);
    }

    public override async Task<ExitCode> RunAsync(Run run, CancellationToken ct)
    {
        var app = await AppAsync(run, ct);
        var downstream = Flags.Names(run.Value(to)) is { Length: > 0 } named ? named : await DownstreamAsync(run, app, ct);
        var all = new JsonArray();
        foreach (var other in downstream)
        {
            var diff = await run.Server.GetAsync<DiffWire>($"/apps/{Uri.EscapeDataString(app)}/diff?to={Uri.EscapeDataString(other)}", ct);
            all.Add(JsonSerializer.SerializeToNode(diff, WireJson.Default.DiffWire));
            if (!run.Value(json))
            {
                Show(run, diff);
            }
        }

        if (run.Value(json))
        {
            run.Print(all);
        }

        return ExitCode.Ok;
    }

    private static async Task<string[]> DownstreamAsync(Run run, string app, CancellationToken ct)
    {
        var coupling = await Coupling.NeedAsync(run, app, ct);
        var pipeline = await run.Server.GetAsync<PipelineWire>($"/pipelines/{coupling.Pipeline.Id}", ct);
        var downstream = NextStage.Of(coupling, pipeline, await Coupling.AllAsync(run, pipeline.Id, ct));
        return downstream.Length > 0
            ? [.. downstream.Select(c => c.App.Name)]
            : throw StopException.Failed($"{app} is in stage {coupling.Shown()}: no app comes after it in {pipeline.Name}. Compare with any app by --to APP.");
    }

    private static void Show(Run run, DiffWire diff)
    {
        var (from, to) = (diff.From.App.Name, diff.To.App.Name);
        if (diff.Method is "none")
        {
            run.Terminal.Line(diff.From.Version is null || diff.From.Checksum is null ? $"{from} has released nothing yet." : $"{to} has released nothing yet: all of {from} would be new.");
        }
        else if (diff.Method is "same" || (diff.AheadBy == 0 && diff.Files.Count == 0))
        {
            run.Terminal.Line($"{from} is up to date with {to}.");
        }
        else if (diff.Commits.Count > 0)
        {
            run.Terminal.Line($"{run.Terminal.Strong(from)} is ahead of {run.Terminal.Strong(to)} by {Words.Count(diff.AheadBy, "commit")}:");
            Commits(run, diff);
        }
        else
        {
            run.Terminal.Line($"{from} and {to} run different files ({Words.Count(diff.Files.Count, "path")}):");
            foreach (var file in diff.Files)
            {
                run.Terminal.Line($"  {file.Change,-8}{file.Path}");
            }
        }
    }

    private static void Commits(Run run, DiffWire diff)
    {
        var table = new Table();
        foreach (var commit in diff.Commits)
        {
            table.Add("  " + Words.Short(commit.Sha), $"{commit.Date:yyyy-MM-dd}", commit.Author, Words.FirstLine(commit.Subject));
        }

        table.Print(run.Terminal);
        if (diff.Commits.Count < diff.AheadBy)
        {
            run.Terminal.Line($"  … and {diff.AheadBy - diff.Commits.Count} more");
        }
    }
}
