using Sluice.Wire;

namespace Sluice.Cli.Commands.Maintenance;

internal sealed class MaintenanceShow : AppCommand
{
    public static readonly About Is = new("maintenance", "Say whether visitors see the maintenance page: on or off", "sluice maintenance -a shop", () => new MaintenanceShow());

    public MaintenanceShow() : base(Is)
    {
    }

    public override async Task<ExitCode> RunAsync(Run run, CancellationToken ct)
    {
        var app = await run.Server.GetAsync<AppWire>($"/apps/{Uri.EscapeDataString(await AppAsync(run, ct))}", ct);
        run.Terminal.Line(app.Maintenance ? "on" : "off");
        return ExitCode.Ok;
    }
}
