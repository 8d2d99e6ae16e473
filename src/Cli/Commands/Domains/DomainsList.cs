using System.CommandLine;
using Sluice.Cli.Output;
using Sluice.Wire;

namespace Sluice.Cli.Commands.Domains;

internal sealed class DomainsList : AppCommand
{
    public static readonly About Is = new("domains", "List the host names of an app, and where DNS should point them", "sluice domains -a shop", () => new DomainsList());

    private readonly Option<bool> json = Flags.Json();

    public DomainsList() : base(Is) => Options.Add(json);

    public override async Task<ExitCode> RunAsync(Run run, CancellationToken ct)
    {
        var app = await AppAsync(run, ct);
        var domains = await run.Server.ListAsync<DomainWire>(Path(app), ct);
        if (run.Value(json))
        {
            run.Json(domains);
            return ExitCode.Ok;
        }

        run.Terminal.Heading($"{app} Domain");
        run.Terminal.Line(domains.FirstOrDefault(d => d.Kind is "heroku")?.Hostname ?? "");
        DomainWire[] custom = [.. domains.Where(d => d.Kind is "custom")];
        if (custom.Length > 0)
        {
            run.Terminal.Line();
            run.Terminal.Heading($"{app} Custom Domains");
            var table = new Table("Domain Name", "DNS Target");
            foreach (var domain in custom)
            {
                table.Add(domain.Hostname, domain.Cname ?? "");
            }

            table.Print(run.Terminal);
        }

        return ExitCode.Ok;
    }

    public static string Path(string app, string? domain = null) =>
        $"/apps/{Uri.EscapeDataString(app)}/domains{(domain is null ? "" : "/" + Uri.EscapeDataString(domain))}";
}
