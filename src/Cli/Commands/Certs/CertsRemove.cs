using System.CommandLine;

namespace Sluice.Cli.Commands.Certs;

internal sealed class CertsRemove : AppCommand
{
    public static readonly About Is = new("certs:remove", "Remove a certificate from an app", "sluice certs:remove --name cert-0a1b2 -a shop", () => new CertsRemove())
    {
        More = "Domains that were served with it are served with one of this server's own authority again. The key is gone: add it anew to come back.",
    };

    private readonly Option<string?> name = CertsInfo.NameFlag();
    private readonly Option<string?> confirm = new("--confirm") { Description = "the app's name, as the Heroku CLI has it; nothing is asked", HelpName = "APP" };

    public CertsRemove() : base(Is)
    {
        Options.Add(name);
        Options.Add(confirm);
    }

    public override async Task<ExitCode> RunAsync(Run run, CancellationToken ct)
    {
        var app = await AppAsync(run, ct);
        var old = await CertsList.OneAsync(run, app, run.Value(name), ct);
        await run.Terminal.StepAsync($"Removing SSL certificate {old.Name} from {app}", () => run.Server.DeleteAsync(CertsList.Path(app, old.Name), ct));
        return ExitCode.Ok;
    }
}
