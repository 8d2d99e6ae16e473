using System.CommandLine;
using Sluice.Wire;

namespace Sluice.Cli.Commands.Certs;

internal sealed class CertsAutoEnable : AppCommand
{
    public static readonly About Is = new("certs:auto:enable", "Let an authority give certificates for all domains of an app, and renew them", "sluice certs:auto:enable --wait -a shop", () => new CertsAutoEnable())
    {
        More = "Each domain must lead to this server on port 80 first: the authority looks there. Who runs the server says which authority, with sluice up --acme.\n"
            + "Domains that are served with a certificate of yours stay with it.",
    };

    private readonly Option<bool> wait = CertsAuto.WaitFlag();

    public CertsAutoEnable() : base(Is) => Options.Add(wait);

    public override async Task<ExitCode> RunAsync(Run run, CancellationToken ct)
    {
        var app = await AppAsync(run, ct);
        await run.Terminal.StepAsync($"Enabling automatic certificates on {app}", () => run.Server.PostAsync<AppWire>(CertsAuto.Path(app), ct));
        if (!run.Value(wait))
        {
            run.Terminal.Note($"See how far they are with: sluice certs:auto -a {app}");
            return ExitCode.Ok;
        }

        var domains = await CertsAuto.WaitAsync(run, app, ct);
        CertsAuto.Print(run, domains);
        return domains.Any(CertsAuto.Failed) ? ExitCode.Failed : ExitCode.Ok;
    }
}
