using System.CommandLine;
using Sluice.Wire;

namespace Sluice.Cli.Commands.Domains;

internal sealed class DomainsAdd : AppCommand
{
    public static readonly About Is = new("domains:add", "Let an app answer at a host name of yours", "sluice domains:add www.example.com -a shop", () => new DomainsAdd())
    {
        More = "The router leads the name to the app at once; point the name at this server in DNS. *.example.com answers for every name one step below\n"
            + "that has no app by itself. Over https the name is served with a certificate of this server's own authority, until you name one of yours.",
    };

    private readonly Argument<string> hostname = Flags.Needed("HOSTNAME", "host name alone: no scheme, port or path");
    private readonly Option<string?> cert = new("--cert", "-c") { Description = "certificate to serve it with", HelpName = "NAME" };
    private readonly Option<bool> wait = new("--wait") { Description = "wait until it is there; it always is" };
    private readonly Option<bool> json = Flags.Json();

    public DomainsAdd() : base(Is)
    {
        Arguments.Add(hostname);
        Options.Add(cert);
        Options.Add(wait);
        Options.Add(json);
    }

    public override async Task<ExitCode> RunAsync(Run run, CancellationToken ct)
    {
        var app = await AppAsync(run, ct);
        var added = await run.Terminal.StepAsync($"Adding {run.Value(hostname)} to {app}", () =>
            run.Server.PostAsync<CreateDomainWire, DomainWire>(DomainsList.Path(app), new(run.Value(hostname)!, run.Value(cert)), ct));
        if (run.Value(json))
        {
            run.Json(added);
        }
        else
        {
            run.Terminal.Line($"Configure your DNS provider to point {added.Hostname} to the DNS Target {added.Cname}.");
        }

        return ExitCode.Ok;
    }
}
