using System.CommandLine;
using Sluice.Wire;

namespace Sluice.Cli.Commands.Domains;

internal sealed class DomainsUpdate : AppCommand
{
    public static readonly About Is = new("domains:update", "Serve a host name with another certificate", "sluice domains:update www.example.com --cert mycert -a shop", () => new DomainsUpdate())
    {
        More = "sluice certs lists the app's certificates; sluice certs:add adds one.",
    };

    private readonly Argument<string> hostname = Flags.Needed("HOSTNAME", "host name or id");
    private readonly Option<string> cert = new("--cert") { Description = "name or id of the certificate", HelpName = "NAME", Required = true };

    public DomainsUpdate() : base(Is)
    {
        Arguments.Add(hostname);
        Options.Add(cert);
    }

    public override async Task<ExitCode> RunAsync(Run run, CancellationToken ct)
    {
        var app = await AppAsync(run, ct);
        await run.Terminal.StepAsync($"Updating {run.Value(hostname)} to use {run.Value(cert)} certificate", () =>
            run.Server.PatchAsync<UpdateDomainWire, DomainWire>(DomainsList.Path(app, run.Value(hostname)), new(run.Value(cert)), ct));
        return ExitCode.Ok;
    }
}
