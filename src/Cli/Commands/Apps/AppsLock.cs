using Sluice.Wire;

namespace Sluice.Cli.Commands.Apps;

internal sealed class AppsLock : AppCommand
{
    public static readonly About Is = new("apps:lock", "Open an app of a team only to those who are added to it", "sluice apps:lock -a shop", () => new AppsLock()) { Aliases = ["lock"] };

    public AppsLock() : base(Is)
    {
    }

    public override async Task<ExitCode> RunAsync(Run run, CancellationToken ct)
    {
        var app = await AppAsync(run, ct);
        var path = $"/teams/apps/{Uri.EscapeDataString(app)}";
        await run.Terminal.StepAsync($"Locking {app}", () => run.Server.PatchAsync<UpdateTeamAppWire, AppWire>(path, new(Locked: true), ct));
        return ExitCode.Ok;
    }
}
