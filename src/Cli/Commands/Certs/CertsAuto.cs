using System.CommandLine;
using Sluice.Cli.Commands.Domains;
using Sluice.Cli.Output;
using Sluice.Wire;

namespace Sluice.Cli.Commands.Certs;

internal sealed class CertsAuto : AppCommand
{
    public static readonly About Is = new("certs:auto", "Show whether certificates come by themselves, and how far each domain's is", "sluice certs:auto --wait -a shop", () => new CertsAuto())
    {
        More = "An authority gives them by ACME, and each is renewed with a third of its life left. Reason says what is waited for, and until when.",
    };

    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(2);
    private readonly Option<bool> wait = WaitFlag();
    private readonly Option<bool> json = Flags.Json();

    public CertsAuto() : base(Is)
    {
        Options.Add(wait);
        Options.Add(json);
    }

    public override async Task<ExitCode> RunAsync(Run run, CancellationToken ct)
    {
        var app = await AppAsync(run, ct);
        var isOn = (await run.Server.GetAsync<AppWire>($"/apps/{Uri.EscapeDataString(app)}", ct)).Acm;
        var domains = isOn && run.Value(wait) ? await WaitAsync(run, app, ct) : await CustomAsync(run, app, ct);
        if (run.Value(json))
        {
            run.Json<IReadOnlyList<DomainWire>>(domains);
            return ExitCode.Ok;
        }

        run.Terminal.Heading($"Automatic certificates are {(isOn ? "enabled" : "disabled")} on {app}");
        if (!isOn)
        {
            run.Terminal.Note($"Turn them on with: sluice certs:auto:enable -a {app}");
        }
        else if (domains.Length == 0)
        {
            run.Terminal.Note($"{app} has no domain to get one for. Add one with: sluice domains:add www.example.com -a {app}");
        }
        else
        {
            Print(run, domains);
        }

        return ExitCode.Ok;
    }

    public static Option<bool> WaitFlag() => new("--wait") { Description = "wait until every domain has its certificate, or failed for half an hour" };

    /// <summary>Until none is on its way any more.</summary>
    public static async Task<DomainWire[]> WaitAsync(Run run, string app, CancellationToken ct)
    {
        var domains = await CustomAsync(run, app, ct);
        if (domains.All(IsSettled))
        {
            return domains;
        }

        await run.Terminal.StepAsync("Waiting until every domain has its certificate", async () =>
        {
            while (!domains.All(IsSettled))
            {
                await Task.Delay(LookEvery, run.Surroundings.Clock, ct);
                domains = await CustomAsync(run, app, ct);
            }
        });
        return domains;
    }

    public static bool Failed(DomainWire domain) => domain.AcmStatus is "failed";

    public static void Print(Run run, DomainWire[] domains)
    {
        var table = new Table("Domain", "Status", "Reason");
        foreach (var domain in domains)
        {
            table.Add(domain.Hostname, domain.AcmStatus ?? "", domain.AcmStatusReason ?? "");
        }

        table.Print(run.Terminal);
    }

    public static string Path(string app) => $"/apps/{Uri.EscapeDataString(app)}/acm";

    private static bool IsSettled(DomainWire domain) => domain.AcmStatus is null or "cert issued" or "failed";

    private static async Task<DomainWire[]> CustomAsync(Run run, string app, CancellationToken ct) =>
        [.. (await run.Server.ListAsync<DomainWire>(DomainsList.Path(app), ct)).Where(domain => domain.Kind is "custom")];
}
