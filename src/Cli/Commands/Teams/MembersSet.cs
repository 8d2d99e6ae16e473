using System.CommandLine;
using Sluice.Wire;

namespace Sluice.Cli.Commands.Teams;

internal sealed class MembersSet : CliCommand
{
    public static readonly About Is = new("members:set", "Give someone in a team another role", "sluice members:set jim@example.com --role admin --team acme", () => new MembersSet());

    private readonly Argument<string> email = Flags.Needed("EMAIL", "address of the account");
    private readonly Option<string?> team = Flags.Team();
    private readonly Option<string?> role = new("--role", "-r") { Description = "admin, member, viewer or collaborator", HelpName = "ROLE" };

    public MembersSet() : base(Is)
    {
        role.Required = true;
        Arguments.Add(email);
        Options.Add(team);
        Options.Add(role);
    }

    public override async Task<ExitCode> RunAsync(Run run, CancellationToken ct)
    {
        var name = Flags.NeedTeam(run, team);
        await run.Terminal.StepAsync($"Adding {run.Value(email)} to {name} as {run.Value(role)}", () =>
            run.Server.PatchAsync<PutMemberWire, TeamMemberWire>($"/teams/{name}/members", new(run.Value(email)!, run.Value(role)!), ct));
        return ExitCode.Ok;
    }
}
