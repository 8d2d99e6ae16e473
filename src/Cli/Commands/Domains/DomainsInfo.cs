using System.CommandLine;
using Sluice.Cli.Output;
using Sluice.Wire;

namespace Sluice.Cli.Commands.Domains;

internal sealed class DomainsInfo : AppCommand
{
    public static readonly About Is = new("domains:info", "Show one host name of an app", "sluice domains:info www.example.com -a shop", () => new DomainsInfo());

    private readonly Argument<string> hostname = Flags.Needed("HOSTNAME", "host name or id");
    private readonly Option<bool> json = Flags.Json();

    public DomainsInfo() : base(Is)
    {
        Arguments.Add(hostname);
        Options.Add(json);
    }

    public override async Task<ExitCode> RunAsync(Run run, CancellationToken ct)
    {
        var domain = await run.Server.GetAsync<DomainWire>(DomainsList.Path(await AppAsync(run, ct), run.Value(hostname)), ct);
        if (run.Value(json))
        {
            run.Json(domain);
            return ExitCode.Ok;
        }

        var table = new Table();
        table.Add("hostname:", domain.Hostname);
        table.Add("app:", domain.App.Name);
        table.Add("kind:", domain.Kind);
        table.Add("cname:", domain.Cname ?? "");
        table.Add("status:", domain.Status);
        table.Add("id:", domain.Id.ToString());
        table.Print(run.Terminal);
        return ExitCode.Ok;
    }
}
