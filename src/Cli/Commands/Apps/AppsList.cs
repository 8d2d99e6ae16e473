using System.CommandLine;
using Sluice.Cli.Output;
using Sluice.Wire;

namespace Sluice.Cli.Commands.Apps;

internal sealed class AppsList : CliCommand
{
    public static readonly About Is = new("apps", "List your apps", "sluice apps --team acme", () => new AppsList())
    {
        Aliases = ["list", "apps:list"],
        More = "Yours, and those of other people that you have access to. --team: those of one team. --all: all.",
    };

    private readonly Option<bool> all = new("--all", "-A") { Description = "those of all your teams, too" };
    private readonly Option<bool> personal = new("--personal", "-p") { Description = "yours, also when SLUICE_TEAM is set" };
    private readonly Option<string?> team = Flags.Team();
    private readonly Option<bool> json = Flags.Json();

    public AppsList() : base(Is)
    {
        Options.Add(all);
        Options.Add(personal);
        Options.Add(team);
        Options.Add(json);
    }

    public override async Task<ExitCode> RunAsync(Run run, CancellationToken ct)
    {
        var apps = await run.Server.ListAsync<AppWire>(Path(run), ct);
        if (run.Value(json))
        {
            run.Json(apps);
            return ExitCode.Ok;
        }

        if (apps.Count == 0)
        {
            run.Terminal.Note(run.Value(team) is { } none
                ? $"Team {none} has no apps that you may see. Make one with: sluice create NAME --team {none}"
                : $"You have no apps yet. Make one with: sluice create NAME{(run.Value(all) ? "" : ", or see those of your teams with: sluice apps --all")}");
            return ExitCode.Ok;
        }

        var table = new Table("app", "address", "released");
        foreach (var app in apps.OrderBy(a => a.Name, StringComparer.Ordinal))
        {
            table.Add(app.Name, app.WebUrl ?? "", app.ReleasedAt is { } at ? run.Ago(at) : "never");
        }

        table.Print(run.Terminal);
        return ExitCode.Ok;
    }

    private string Path(Run run) =>
        run.Value(all) ? "/apps"
        : run.Value(personal) ? "/users/~/apps"
        : (run.Value(team) ?? run.Surroundings.Variable("SLUICE_TEAM")) is { } only ? $"/teams/{Uri.EscapeDataString(only)}/apps"
        : "/users/~/apps";
}
