using System.CommandLine;
using Sluice.Wire;

namespace Sluice.Cli.Commands.Access;

internal sealed class AccessRemove : AppCommand
{
    public static readonly About Is = new("access:remove", "Take someone's access to an app away", "sluice access:remove jim@example.com -a shop", () => new AccessRemove());

    private readonly Argument<string> email = Flags.Needed("EMAIL", "address of the account");

    public AccessRemove() : base(Is)
    {
        Arguments.Add(email);
    }

    public override async Task<ExitCode> RunAsync(Run run, CancellationToken ct)
    {
        var app = await AppAsync(run, ct);
        await run.Terminal.StepAsync($"Removing {run.Value(email)} access from the app {app}", () =>
            run.Server.DeleteAsync($"/apps/{Uri.EscapeDataString(app)}/collaborators/{Uri.EscapeDataString(run.Value(email)!)}", ct));
        return ExitCode.Ok;
    }
}
