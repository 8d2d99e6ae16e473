using Sluice.Wire;

namespace Sluice.Cli.Commands.Apps;

internal sealed class AppsUnlock : AppCommand
{
    public static readonly About Is = new("apps:unlock", "Open an app of a team to its members again", "sluice apps:unlock -a shop", () => new AppsUnlock()) { Aliases = ["unlock"] };

    public AppsUnlock() : base(Is)
    {
    }

    public override async Task<ExitCode> RunAsync(Run run, CancellationToken ct)
    {
        var app = await AppAsync(run, ct);
        var path = $"/teams/apps/{Uri.EscapeDataString(app)}";
        await run.Terminal.StepAsync($"Unlocking {app}", () => run.Server.PatchAsync<UpdateTeamAppWire, AppWire>(path, new(Locked: false), ct));
        return ExitCode.Ok;
    }
}
