using Sluice.Wire;

namespace Sluice.Cli.Commands.Maintenance;

/// <summary>On and off: dynos go on running either way, only visitors see another page (503).</summary>
internal sealed class MaintenanceSet : AppCommand
{
    public static readonly About On = new("maintenance:on", "Show visitors a maintenance page; the app goes on running", "sluice maintenance:on -a shop", () => new MaintenanceSet(On!, true));
    public static readonly About Off = new("maintenance:off", "Let visitors in again", "sluice maintenance:off -a shop", () => new MaintenanceSet(Off!, false));

    private readonly bool wanted;

    private MaintenanceSet(About about, bool wanted) : base(about) => this.wanted = wanted;

    public override async Task<ExitCode> RunAsync(Run run, CancellationToken ct)
    {
        var app = await AppAsync(run, ct);
        await run.Terminal.StepAsync($"{(wanted ? "Enabling" : "Disabling")} maintenance mode for {app}", () =>
            run.Server.PatchAsync<UpdateAppWire, AppWire>($"/apps/{Uri.EscapeDataString(app)}", new(Maintenance: wanted), ct));
        return ExitCode.Ok;
    }
}
