using System.CommandLine;
using Sluice.Wire;

namespace Sluice.Cli.Commands.Teams;

internal sealed class TeamsDestroy : CliCommand
{
    public static readonly About Is = new("teams:destroy", "End a team that owns no apps and no pipelines any more", "sluice teams:destroy acme", () => new TeamsDestroy());

    private readonly Argument<string> name = Flags.Needed("NAME", "name of the team");

    public TeamsDestroy() : base(Is)
    {
        Arguments.Add(name);
    }

    public override async Task<ExitCode> RunAsync(Run run, CancellationToken ct)
    {
        await run.Terminal.StepAsync($"Destroying team {run.Value(name)}", () => run.Server.DeleteAsync($"/teams/{Uri.EscapeDataString(run.Value(name)!)}", ct));
        return ExitCode.Ok;
    }
}
