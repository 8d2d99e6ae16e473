using Sluice.Wire;

namespace Sluice.Cli.Commands.Certs;

internal sealed class CertsAutoRefresh : AppCommand
{
    public static readonly About Is = new("certs:auto:refresh", "Try certificates that failed again now", "sluice certs:auto:refresh -a shop", () => new CertsAutoRefresh())
    {
        More = "Each is tried again by itself, after a minute first and then after ever longer pauses; this is for when you have mended what was wrong.",
    };

    public CertsAutoRefresh() : base(Is) { }

    public override async Task<ExitCode> RunAsync(Run run, CancellationToken ct)
    {
        var app = await AppAsync(run, ct);
        await run.Terminal.StepAsync($"Refreshing automatic certificates of {app}", () => run.Server.PatchAsync<RefreshAcmWire, AppWire>(CertsAuto.Path(app), new(true), ct));
        return ExitCode.Ok;
    }
}
