using System.CommandLine;
using Sluice.Cli.Output;
using Sluice.Wire;

namespace Sluice.Cli.Commands.Teams;

internal sealed class MembersList : CliCommand
{
    public static readonly About Is = new("members", "List who is in a team", "sluice members --team acme", () => new MembersList());

    private readonly Option<string?> team = Flags.Team();
    private readonly Option<string?> role = new("--role", "-r") { Description = "admin, member, viewer or collaborator", HelpName = "ROLE" };
    private readonly Option<bool> json = Flags.Json();

    public MembersList() : base(Is)
    {
        Options.Add(team);
        Options.Add(role);
        Options.Add(json);
    }

    public override async Task<ExitCode> RunAsync(Run run, CancellationToken ct)
    {
        var path = $"/teams/{Flags.NeedTeam(run, team)}/members";
        var members = (await run.Server.ListAsync<TeamMemberWire>(path, ct)).Where(m => run.Value(role) is not { } only || m.Role == only).OrderBy(m => m.Email, StringComparer.Ordinal).ToArray();
        if (run.Value(json))
        {
            run.Json<IReadOnlyList<TeamMemberWire>>(members);
            return ExitCode.Ok;
        }

        var table = new Table("email", "role");
        foreach (var member in members)
        {
            table.Add(member.Email, member.Role);
        }

        table.Print(run.Terminal);
        return ExitCode.Ok;
    }
}
