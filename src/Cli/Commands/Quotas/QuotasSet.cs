using System.CommandLine;
using System.Globalization;
using Sluice.Wire;

namespace Sluice.Cli.Commands.Quotas;

internal sealed class QuotasSet : AppCommand
{
    public static readonly About Is = new("quotas:set", "Change how much an app may have; for administrators", "sluice quotas:set drains=10 dynos=default -a shop", () => new QuotasSet())
    {
        More = "NAME=N sets a limit, NAME=default puts the server's own back. What an app has beyond a lower limit stays; it gets no more.",
    };

    private readonly Argument<string[]> changes = new("NAME=N") { Description = "quota and limit", Arity = ArgumentArity.OneOrMore };
    private readonly Option<bool> json = Flags.Json();

    public QuotasSet() : base(Is)
    {
        Arguments.Add(changes);
        Options.Add(json);
    }

    public override async Task<ExitCode> RunAsync(Run run, CancellationToken ct)
    {
        var app = await AppAsync(run, ct);
        var limits = run.Value(changes)!.Select(Parse).GroupBy(c => c.Name).ToDictionary(g => g.Key, g => g.Last().Limit, StringComparer.Ordinal);
        var quotas = await run.Terminal.StepAsync(
            $"Setting quotas of {app}", () => run.Server.PatchAsync<Dictionary<string, long?>, IReadOnlyList<QuotaWire>>($"/quotas/{Uri.EscapeDataString(app)}", limits, ct));
        QuotasList.Show(run, quotas, run.Value(json));
        return ExitCode.Ok;
    }

    private static (string Name, long? Limit) Parse(string change)
    {
        if (change.Split('=', 2) is [{ Length: > 0 } name, var limit])
        {
            if (limit is "default")
            {
                return (name, null);
            }

            if (int.TryParse(limit, NumberStyles.None, CultureInfo.InvariantCulture, out var number))
            {
                return (name, number);
            }
        }

        throw StopException.Usage($"\"{change}\" is no quota. Write it like drains=10 or drains=default.");
    }
}
