using System.CommandLine;
using Sluice.Cli.Output;
using Sluice.Wire;

namespace Sluice.Cli.Commands.Teams;

internal sealed class TeamsList : CliCommand
{
    public static readonly About Is = new("teams", "List the teams that you are in", "sluice teams", () => new TeamsList()) { Aliases = ["orgs"] };

    private readonly Option<bool> json = Flags.Json();

    public TeamsList() : base(Is)
    {
        Options.Add(json);
    }

    public override async Task<ExitCode> RunAsync(Run run, CancellationToken ct)
    {
        var teams = await run.Server.ListAsync<TeamWire>("/teams", ct);
        if (run.Value(json))
        {
            run.Json(teams);
            return ExitCode.Ok;
        }

        if (teams.Count == 0)
        {
            run.Terminal.Note("You are in no team yet. Make one with: sluice teams:create NAME");
            return ExitCode.Ok;
        }

        var table = new Table("team", "role");
        foreach (var team in teams.OrderBy(t => t.Name, StringComparer.Ordinal))
        {
            table.Add(team.Name, team.Role ?? "");
        }

        table.Print(run.Terminal);
        return ExitCode.Ok;
    }
}
