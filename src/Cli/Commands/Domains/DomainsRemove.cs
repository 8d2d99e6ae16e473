using System.CommandLine;

namespace Sluice.Cli.Commands.Domains;

internal sealed class DomainsRemove : AppCommand
{
    public static readonly About Is = new("domains:remove", "Stop an app from answering at a host name", "sluice domains:remove www.example.com -a shop", () => new DomainsRemove());

    private readonly Argument<string> hostname = Flags.Needed("HOSTNAME", "host name or id");

    public DomainsRemove() : base(Is) => Arguments.Add(hostname);

    public override async Task<ExitCode> RunAsync(Run run, CancellationToken ct)
    {
        var app = await AppAsync(run, ct);
        await run.Terminal.StepAsync($"Removing {run.Value(hostname)} from {app}", () => run.Server.DeleteAsync(DomainsList.Path(app, run.Value(hostname)), ct));
        return ExitCode.Ok;
    }
}
