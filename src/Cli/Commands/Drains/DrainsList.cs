using System.CommandLine;
using Sluice.Wire;

namespace Sluice.Cli.Commands.Drains;

internal sealed class DrainsList : AppCommand
{
    public static readonly About Is = new("drains", "List where an app's log is sent to", "sluice drains -a shop", () => new DrainsList())
    {
        More = "Each with the token by which its receiver knows the app, and what is wrong when it does not take lines.",
    };

    private readonly Option<bool> json = Flags.Json();

    public DrainsList() : base(Is) => Options.Add(json);

    public override async Task<ExitCode> RunAsync(Run run, CancellationToken ct)
    {
        var app = await AppAsync(run, ct);
        var drains = await run.Server.ListAsync<LogDrainWire>(Path(app), ct);
        if (run.Value(json))
        {
            run.Json(drains);
            return ExitCode.Ok;
        }

        if (drains.Count == 0)
        {
            run.Terminal.Note($"{app} has no drains.");
            return ExitCode.Ok;
        }

        run.Terminal.Heading("Drains");
        foreach (var drain in drains)
        {
            run.Terminal.Line($"{drain.Url} ({drain.Token})");
            if (drain.Trouble is { } trouble)
            {
                run.Terminal.Line(run.Terminal.Bad($"  {trouble}"));
            }
        }

        return ExitCode.Ok;
    }

    public static string Path(string app, string? drain = null) =>
        $"/apps/{Uri.EscapeDataString(app)}/log-drains{(drain is null ? "" : "/" + Uri.EscapeDataString(drain))}";
}
