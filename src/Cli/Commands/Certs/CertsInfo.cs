using System.CommandLine;
using Sluice.Wire;

namespace Sluice.Cli.Commands.Certs;

internal sealed class CertsInfo : AppCommand
{
    public static readonly About Is = new("certs:info", "Show a certificate of an app", "sluice certs:info --name cert-0a1b2 -a shop", () => new CertsInfo());

    private readonly Option<string?> name = NameFlag();
    private readonly Option<bool> json = Flags.Json();

    public CertsInfo() : base(Is)
    {
        Options.Add(name);
        Options.Add(json);
    }

    public static Option<string?> NameFlag() => new("--name") { Description = "which certificate, when the app has several", HelpName = "NAME" };

    public override async Task<ExitCode> RunAsync(Run run, CancellationToken ct)
    {
        var certificate = await CertsList.OneAsync(run, await AppAsync(run, ct), run.Value(name), ct);
        if (run.Value(json))
        {
            run.Json(certificate);
        }
        else
        {
            CertsList.Print(run, certificate);
        }

        return ExitCode.Ok;
    }
}
