using System.CommandLine;
using Sluice.Wire;

namespace Sluice.Cli.Commands.Teams;

internal sealed class TeamsCreate : CliCommand
{
    public static readonly About Is = new("teams:create", "Make a team, with you as its first admin", "sluice teams:create acme", () => new TeamsCreate());

    private readonly Argument<string> name = Flags.Needed("NAME", "name of the team");

    public TeamsCreate() : base(Is)
    {
        Arguments.Add(name);
    }

    public override async Task<ExitCode> RunAsync(Run run, CancellationToken ct)
    {
        await run.Terminal.StepAsync($"Creating team {run.Value(name)}", () => run.Server.PostAsync<NameTeamWire, TeamWire>("/teams", new(run.Value(name)!), ct));
        run.Terminal.Note($"Add people with: sluice members:add EMAIL --role member --team {run.Value(name)}");
        return ExitCode.Ok;
    }
}
