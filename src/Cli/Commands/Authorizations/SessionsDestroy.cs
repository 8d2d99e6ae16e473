using System.CommandLine;

namespace Sluice.Cli.Commands.Authorizations;

internal sealed class SessionsDestroy : CliCommand
{
    public static readonly About Is = new("sessions:destroy", "End one of your logins", "sluice sessions:destroy ID", () => new SessionsDestroy());

    private readonly Argument<string> id = Flags.Needed("ID", "id of the login");

    public SessionsDestroy() : base(Is) => Arguments.Add(id);

    public override async Task<ExitCode> RunAsync(Run run, CancellationToken ct)
    {
        await run.Terminal.StepAsync($"Destroying {run.Value(id)}", () => run.Server.DeleteAsync($"/oauth/sessions/{Uri.EscapeDataString(run.Value(id)!)}", ct));
        return ExitCode.Ok;
    }
}
