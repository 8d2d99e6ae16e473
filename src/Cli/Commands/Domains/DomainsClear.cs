using Sluice.Wire;

namespace Sluice.Cli.Commands.Domains;

internal sealed class DomainsClear : AppCommand
{
    public static readonly About Is = new("domains:clear", "Remove all host names that were added to an app", "sluice domains:clear -a shop", () => new DomainsClear());

    public DomainsClear() : base(Is)
    {
    }

    public override async Task<ExitCode> RunAsync(Run run, CancellationToken ct)
    {
        var app = await AppAsync(run, ct);
        await run.Terminal.StepAsync($"Removing all domains from {app}", async () =>
        {
            foreach (var domain in (await run.Server.ListAsync<DomainWire>(DomainsList.Path(app), ct)).Where(d => d.Kind is "custom"))
            {
                await run.Server.DeleteAsync(DomainsList.Path(app, domain.Id.ToString()), ct);
            }
        });
        return ExitCode.Ok;
    }
}
