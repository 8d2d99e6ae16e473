using System.CommandLine;
using Sluice.Cli.Commands.Domains;
using Sluice.Wire;

namespace Sluice.Cli.Commands.Certs;

internal sealed class CertsAdd : AppCommand
{
    public static readonly About Is = new("certs:add", "Serve an app's domains with a certificate of your own", "sluice certs:add www.example.com.crt www.example.com.key -a shop", () => new CertsAdd())
    {
        More = "CRT and KEY are PEM files; CRT begins with your own certificate, those that lead to its authority follow. Every domain of the app that the\n"
            + "certificate is for, and that has none yet, is served with it from then on. The key is kept sealed and never shown again.",
    };

    private readonly Argument<string> crt = Flags.Needed("CRT", "file with the certificate chain");
    private readonly Argument<string> key = Flags.Needed("KEY", "file with its private key");
    private readonly Option<bool> json = Flags.Json();

    public CertsAdd() : base(Is)
    {
        Arguments.Add(crt);
        Arguments.Add(key);
        Options.Add(json);
    }

    public override async Task<ExitCode> RunAsync(Run run, CancellationToken ct)
    {
        var app = await AppAsync(run, ct);
        var body = await BodyAsync(run, run.Value(crt)!, run.Value(key)!, ct);
        var added = await run.Terminal.StepAsync($"Adding SSL certificate to {app}", () => run.Server.PostAsync<PutSniEndpointWire, SniEndpointWire>(CertsList.Path(app), body, ct));
        foreach (var domain in (await run.Server.ListAsync<DomainWire>(DomainsList.Path(app), ct)).Where(d => d.Kind is "custom" && d.SniEndpoint is null && Covers(added, d.Hostname)))
        {
            await run.Terminal.StepAsync($"Serving {domain.Hostname} with {added.Name}", () =>
                run.Server.PatchAsync<UpdateDomainWire, DomainWire>(DomainsList.Path(app, domain.Hostname), new(added.Name), ct));
        }

        if (run.Value(json))
        {
            run.Json(await run.Server.GetAsync<SniEndpointWire>(CertsList.Path(app, added.Name), ct));
        }
        else
        {
            CertsList.Print(run, added);
        }

        return ExitCode.Ok;
    }

    public static async Task<PutSniEndpointWire> BodyAsync(Run run, string crt, string key, CancellationToken ct) =>
        new(await ReadAsync(run, crt, ct), await ReadAsync(run, key, ct));

    private static async Task<string> ReadAsync(Run run, string file, CancellationToken ct)
    {
        var path = Path.Combine(run.Surroundings.WorkingFolder, file);
        return File.Exists(path) ? await File.ReadAllTextAsync(path, ct) : throw StopException.Usage($"There is no file {path}.");
    }

    private static bool Covers(SniEndpointWire certificate, string hostname) =>
        certificate.SslCert.CertDomains.Any(name => name == hostname || (name.StartsWith('*') && hostname.IndexOf('.', StringComparison.Ordinal) is > 0 and var dot && name[1..] == hostname[dot..]));
}
