using System.CommandLine;
using Sluice.Cli.Output;
using Sluice.Wire;

namespace Sluice.Cli.Commands.Releases;

internal sealed class ReleasesList : AppCommand
{
    public static readonly About Is = new("releases", "List an app's releases, newest first", "sluice releases -a shop", () => new ReleasesList());

    private readonly Option<int> number = new("--num", "-n") { Description = "how many", HelpName = "N", DefaultValueFactory = _ => 15 };
    private readonly Option<bool> json = Flags.Json();

    public ReleasesList() : base(Is)
    {
        Options.Add(number);
        Options.Add(json);
    }

    public override async Task<ExitCode> RunAsync(Run run, CancellationToken ct)
    {
        var app = await AppAsync(run, ct);
        var releases = await Ledger.NewestAsync(run, app, Math.Max(1, run.Value(number)), ct);
        if (run.Value(json))
        {
            run.Json(releases);
            return ExitCode.Ok;
        }

        var current = releases.FirstOrDefault(r => r.Current);
        // Which one is current goes without saying as long as it is the newest.
        run.Terminal.Line($"=== {run.Terminal.Strong($"{app} Releases")}" + (current is null || current == releases[0] ? "" : $" - Current: v{current.Version}"));
        var table = new Table();
        foreach (var release in releases)
        {
            var said = Ledger.Said(release);
            table.Add(
                $"v{release.Version}",
                release.Description + (release.Status is "failed" ? run.Terminal.Bad(said) : said),
                release.User.Email ?? "",
                run.Ago(release.CreatedAt));
        }

        table.Print(run.Terminal);
        return ExitCode.Ok;
    }
}
