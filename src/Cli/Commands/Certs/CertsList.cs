using System.CommandLine;
using System.Globalization;
using Sluice.Cli.Output;
using Sluice.Wire;

namespace Sluice.Cli.Commands.Certs;

internal sealed class CertsList : AppCommand
{
    public static readonly About Is = new("certs", "List an app's own certificates", "sluice certs -a shop", () => new CertsList())
    {
        More = "Domains without one are served with a certificate of this server's own authority.",
    };

    private readonly Option<bool> json = Flags.Json();

    public CertsList() : base(Is) => Options.Add(json);

    public override async Task<ExitCode> RunAsync(Run run, CancellationToken ct)
    {
        var app = await AppAsync(run, ct);
        var certificates = await run.Server.ListAsync<SniEndpointWire>(Path(app), ct);
        if (run.Value(json))
        {
            run.Json(certificates);
            return ExitCode.Ok;
        }

        if (certificates.Count == 0)
        {
            run.Terminal.Note($"{app} has no certificates of its own. Add one with: sluice certs:add CRT KEY -a {app}");
            return ExitCode.Ok;
        }

        var table = new Table("Name", "Common Name(s)", "Expires", "Trusted", "Domains");
        foreach (var certificate in certificates)
        {
            table.Add(
                certificate.Name, string.Join(", ", certificate.SslCert.CertDomains), Day(certificate.SslCert.ExpiresAt), certificate.SslCert.IsCaSigned ? "True" : "False",
                certificate.Domains.Count.ToString(CultureInfo.InvariantCulture));
        }

        table.Print(run.Terminal);
        return ExitCode.Ok;
    }

    public static string Path(string app, string? name = null) =>
        $"/apps/{Uri.EscapeDataString(app)}/sni-endpoints{(name is null ? "" : "/" + Uri.EscapeDataString(name))}";

    public static string Day(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd HH:mm 'UTC'", CultureInfo.InvariantCulture);

    /// <summary>The one that was named; without a name the only one.</summary>
    public static async Task<SniEndpointWire> OneAsync(Run run, string app, string? name, CancellationToken ct)
    {
        if (name is not null)
        {
            return await run.Server.GetAsync<SniEndpointWire>(Path(app, name), ct);
        }

        var all = await run.Server.ListAsync<SniEndpointWire>(Path(app), ct);
        return all.Count switch
        {
            1 => all[0],
            0 => throw StopException.Usage($"{app} has no certificates of its own."),
            _ => throw StopException.Usage($"Which certificate? Say --name with one of {string.Join(", ", all.Select(c => c.Name))}."),
        };
    }

    public static void Print(Run run, SniEndpointWire certificate)
    {
        var facts = certificate.SslCert;
        var table = new Table();
        table.Add("Name:", certificate.Name);
        table.Add("Common Name(s):", string.Join(", ", facts.CertDomains));
        table.Add("Starts At:", Day(facts.StartsAt));
        table.Add("Expires At:", Day(facts.ExpiresAt));
        table.Add("Issuer:", facts.Issuer);
        table.Add("Subject:", facts.Subject);
        table.Print(run.Terminal);
        run.Terminal.Line(facts.IsCaSigned ? "It is signed by an authority that the server's machine trusts."
            : facts.IsSelfSigned ? "It is signed by itself: browsers will warn." : "It is signed by an authority that the server's machine does not know: browsers will warn.");
    }
}
