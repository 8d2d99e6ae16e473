using System.CommandLine;

namespace Sluice.Cli.Commands.Certs;

internal sealed class CertsAutoDisable : AppCommand
{
    public static readonly About Is = new("certs:auto:disable", "Stop automatic certificates of an app, and remove those it has", "sluice certs:auto:disable -a shop --confirm shop", () => new CertsAutoDisable())
    {
        More = "Its domains are served with a certificate of this server's own authority from then on, which browsers warn of. To go without a gap, put one of yours in\n"
            + "the place of each first: sluice certs:update CRT KEY --name NAME",
    };

    private readonly Option<string?> confirm = Flags.Confirm("app");

    public CertsAutoDisable() : base(Is) => Options.Add(confirm);

    public override async Task<ExitCode> RunAsync(Run run, CancellationToken ct)
    {
        var app = await AppAsync(run, ct);
        var typed = run.Value(confirm);
        if (typed is null && run.Terminal.CanAsk)
        {
            run.Terminal.Warning($"This removes the automatic certificates of {app}: browsers will warn its visitors.");
            typed = await run.Terminal.AskAsync($"To go on, type {app}:", ct);
        }

        if (typed?.Trim() != app)
        {
            throw StopException.Usage($"Browsers will warn visitors of {app} afterwards. Say that it is meant with --confirm {app}. Nothing was changed.");
        }

        await run.Terminal.StepAsync($"Disabling automatic certificates on {app}", () => run.Server.DeleteAsync(CertsAuto.Path(app), ct));
        return ExitCode.Ok;
    }
}
