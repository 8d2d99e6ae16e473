using Sluice.Wire;

namespace Sluice.Cli.Commands.Apps;

internal sealed class AppsLeave : AppCommand
{
    public static readonly About Is = new("apps:leave", "Take yourself off an app", "sluice apps:leave -a shop", () => new AppsLeave()) { Aliases = ["leave"] };

    public AppsLeave() : base(Is)
    {
    }

    public override async Task<ExitCode> RunAsync(Run run, CancellationToken ct)
    {
        var app = await AppAsync(run, ct);
        var path = $"/teams/apps/{Uri.EscapeDataString(app)}";
        var me = await run.Server.GetAsync<AccountWire>("/account", ct);
        await run.Terminal.StepAsync($"Leaving {app}", () => run.Server.DeleteAsync($"{path}/collaborators/{Uri.EscapeDataString(me.Email)}", ct));
        return ExitCode.Ok;
    }
}
