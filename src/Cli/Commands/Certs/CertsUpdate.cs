using System.CommandLine;
using Sluice.Wire;

namespace Sluice.Cli.Commands.Certs;

internal sealed class CertsUpdate : AppCommand
{
    public static readonly About Is = new("certs:update", "Put a newer certificate in the place of one", "sluice certs:update www.example.com.crt www.example.com.key -a shop", () => new CertsUpdate())
    {
        More = "Its domains stay with it, so the new one must be for all of them. Connections that are open stay as they are.",
    };

    private readonly Argument<string> crt = Flags.Needed("CRT", "file with the certificate chain");
    private readonly Argument<string> key = Flags.Needed("KEY", "file with its private key");
    private readonly Option<string?> name = CertsInfo.NameFlag();
    private readonly Option<string?> confirm = new("--confirm") { Description = "the app's name, as the Heroku CLI has it; nothing is asked", HelpName = "APP" };

    public CertsUpdate() : base(Is)
    {
        Arguments.Add(crt);
        Arguments.Add(key);
        Options.Add(name);
        Options.Add(confirm);
    }

    public override async Task<ExitCode> RunAsync(Run run, CancellationToken ct)
    {
        var app = await AppAsync(run, ct);
        var old = await CertsList.OneAsync(run, app, run.Value(name), ct);
        var body = await CertsAdd.BodyAsync(run, run.Value(crt)!, run.Value(key)!, ct);
        var updated = await run.Terminal.StepAsync($"Updating SSL certificate {old.Name} for {app}", () =>
            run.Server.PatchAsync<PutSniEndpointWire, SniEndpointWire>(CertsList.Path(app, old.Name), body, ct));
        CertsList.Print(run, updated);
        return ExitCode.Ok;
    }
}
