using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Nodes;
using Sluice.Cli.Output;
using Sluice.Wire;

namespace Sluice.Cli.Commands.Pipelines;

internal sealed class PipelinesDiff : AppCommand
{
    public static readonly About Is = new("pipelines:diff", "Show what the next stage does not have yet", "sluice diff -a shop-staging --to shop", () => new PipelinesDiff())
    {
        Aliases = ["diff"],
        More = "Compares what the two apps run, by the server's own history: no code host is asked. Without --to: the app that\n"
            + "this one names (pipeline:add), else all apps of the next stage.\n"
            + "--release and --to-release compare what they ran: sluice diff -a shop --release v12 --to-release v11 says what v12 brought.",
    };

    private readonly Option<string?> to = new("--to", "-t") { Description = "compare with these apps instead", HelpName = "APP,..." };
    private readonly Option<string?> release = new("--release") { Description = "what this release ran, instead of the current one", HelpName = "vN" };
    private readonly Option<string?> toRelease = new("--to-release") { Description = "compare with this release; of the same app, without --to", HelpName = "vN" };
    private readonly Option<bool> json = Flags.Json();

    public PipelinesDiff() : base(Is)
    {
        Options.Add(to);
        Options.Add(release);
        Options.Add(toRelease);
        Options.Add(json);
    }

    public override async Task<ExitCode> RunAsync(Run run, CancellationToken ct)
    {
        var app = await AppAsync(run, ct);
        var downstream = Flags.Names(run.Value(to)) is { Length: > 0 } named ? named : run.Value(toRelease) is not null ? [app] : await DownstreamAsync(run, app, ct);
        var all = new JsonArray();
        foreach (var other in downstream)
        {
            var diff = await run.Server.GetAsync<DiffWire>($"/apps/{Uri.EscapeDataString(app)}/diff?to={Uri.EscapeDataString(other)}{Query("from_release", run.Value(release))}{Query("to_release", run.Value(toRelease))}", ct);
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

    private static string Query(string name, string? value) => value is null ? "" : $"&{name}={Uri.EscapeDataString(value)}";

    private static async Task<string[]> DownstreamAsync(Run run, string app, CancellationToken ct)
    {
        var next = await run.Server.GetAsync<PromotesToWire>($"/apps/{Uri.EscapeDataString(app)}/promotes-to", ct);
        if (next.Apps.Count == 0)
        {
            throw StopException.Refused(next.WhyNot ?? $"{app} goes nowhere by itself. Name the apps (--to APP).");
        }

        if (next.WhyNot is { } more)
        {
            run.Terminal.Warning(more);
        }

        return [.. next.Apps.Select(a => a.Name)];
    }

    private void Show(Run run, DiffWire diff)
    {
        var (from, to) = (Named(diff.From, run.Value(release)), Named(diff.To, run.Value(toRelease)));
        if (diff.Method is "none")
        {
            run.Terminal.Line(diff.From.Checksum is null ? $"{from} has released nothing yet."
                : diff.AheadBy == 0 ? $"{to} has released nothing yet: all of {from} would be new."
                : $"{to} has released nothing yet: {(diff.AheadBy == 1 ? "the one commit" : $"all {diff.AheadBy} commits")} of {from} would be new:");
            Commits(run, diff);
        }
        else if (diff.Method is "same" || (diff.AheadBy == 0 && diff.BehindBy == 0 && diff.Files.Count == 0))
        {
            run.Terminal.Line($"{from} is up to date with {to}.");
        }
        else if (diff.AheadBy > 0)
        {
            run.Terminal.Line($"{run.Terminal.Strong(from)} is ahead of {run.Terminal.Strong(to)} by {Words.Count(diff.AheadBy, "commit")}:");
            Commits(run, diff);
        }
        else if (diff.BehindBy == 0)
        {
            run.Terminal.Line($"{from} and {to} run different files ({Words.Count(diff.Files.Count, "path")}):");
            foreach (var file in diff.Files)
            {
                run.Terminal.Line($"  {file.Change,-8}{file.Path}");
            }
        }

        if (diff.BehindBy > 0)
        {
            run.Terminal.Line($"{to} has {Words.Count(diff.BehindBy, "commit")} that {from} has not: a promotion would take {(diff.BehindBy == 1 ? "it" : "them")} back.");
        }
    }

    /// <summary><c>shop</c>, or <c>shop v12</c> when a release was asked for.</summary>
    private static string Named(DiffSideWire side, string? asked) => asked is null ? side.App.Name : $"{side.App.Name} v{side.Version}";

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
