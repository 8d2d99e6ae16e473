using System.CommandLine;
using Sluice.Wire;

namespace Sluice.Cli.Commands.Teams;

internal sealed class MembersRemove : CliCommand
{
    public static readonly About Is = new("members:remove", "Take someone out of a team, and off all its apps", "sluice members:remove jim@example.com --team acme", () => new MembersRemove());

    private readonly Argument<string> email = Flags.Needed("EMAIL", "address of the account");
    private readonly Option<string?> team = Flags.Team();

    public MembersRemove() : base(Is)
    {
        Arguments.Add(email);
        Options.Add(team);
    }

    public override async Task<ExitCode> RunAsync(Run run, CancellationToken ct)
    {
        var name = Flags.NeedTeam(run, team);
        await run.Terminal.StepAsync($"Removing {run.Value(email)} from {name}", () =>
            run.Server.DeleteAsync($"/teams/{name}/members/{Uri.EscapeDataString(run.Value(email)!)}", ct));
        return ExitCode.Ok;
    }
}
