using System.CommandLine;
using Sluice.Cli.Output;
using Sluice.Wire;

namespace Sluice.Cli.Commands.Quotas;

internal sealed class QuotasList : AppCommand
{
    public static readonly About Is = new("quotas", "Show how much an app may have: dynos, memory, builds, domains, drains", "sluice quotas -a shop", () => new QuotasList());

    private readonly Option<bool> json = Flags.Json();

    public QuotasList() : base(Is) => Options.Add(json);

    public override async Task<ExitCode> RunAsync(Run run, CancellationToken ct)
    {
        var app = await AppAsync(run, ct);
        Show(run, await run.Server.ListAsync<QuotaWire>($"/apps/{Uri.EscapeDataString(app)}/quotas", ct), run.Value(json));
        return ExitCode.Ok;
    }

    internal static void Show(Run run, IReadOnlyList<QuotaWire> quotas, bool json)
    {
        if (json)
        {
            run.Json(quotas);
            return;
        }

        var table = new Table("Quota", "Limit", "What");
        foreach (var quota in quotas)
        {
            table.Add(quota.Name, $"{quota.Limit}", quota.Limit == quota.Default ? quota.Description : $"{quota.Description} (default {quota.Default})");
        }

        table.Print(run.Terminal);
    }
}
