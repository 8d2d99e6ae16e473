using System.CommandLine;
using Sluice.Wire;

namespace Sluice.Cli.Commands.Domains;

internal sealed class DomainsWait : AppCommand
{
    public static readonly About Is = new("domains:wait", "Wait until host names of an app are there; they are as soon as they were added", "sluice domains:wait www.example.com -a shop", () => new DomainsWait());

    private readonly Argument<string?> hostname = Flags.Optional("HOSTNAME", "host name or id; without one, all that are not there yet");

    public DomainsWait() : base(Is) => Arguments.Add(hostname);

    public override async Task<ExitCode> RunAsync(Run run, CancellationToken ct)
    {
        var app = await AppAsync(run, ct);
        IEnumerable<DomainWire> domains = run.Value(hostname) is { } named
            ? [await run.Server.GetAsync<DomainWire>(DomainsList.Path(app, named), ct)]
            : (await run.Server.ListAsync<DomainWire>(DomainsList.Path(app), ct)).Where(d => d.Status is "pending");
        foreach (var domain in domains)
        {
            await run.Terminal.StepAsync($"Waiting for {domain.Hostname}", () => SettledAsync(run, app, domain, ct));
        }

        return ExitCode.Ok;
    }

    private static async Task SettledAsync(Run run, string app, DomainWire domain, CancellationToken ct)
    {
        while (domain.Status is "pending")
        {
            await Task.Delay(TimeSpan.FromSeconds(1), run.Surroundings.Clock, ct);
            domain = await run.Server.GetAsync<DomainWire>(DomainsList.Path(app, domain.Id.ToString()), ct);
        }
    }
}
