using System.CommandLine;
using Sluice.Wire;

namespace Sluice.Cli.Commands.Ps;

internal sealed class PsList : AppCommand
{
    public static readonly About Is = new("ps", "List an app's dynos", "sluice ps -a shop", () => new PsList());

    private readonly Option<bool> json = Flags.Json();

    public PsList() : base(Is) => Options.Add(json);

    public override async Task<ExitCode> RunAsync(Run run, CancellationToken ct)
    {
        var app = await AppAsync(run, ct);
        var dynos = await run.Server.ListAsync<DynoWire>($"/apps/{Uri.EscapeDataString(app)}/dynos", ct);
        if (run.Value(json))
        {
            run.Json(dynos);
            return ExitCode.Ok;
        }

        if (dynos.Count == 0)
        {
            run.Terminal.Note($"No dynos on {app}.");
        }

        foreach (var type in dynos.GroupBy(d => (d.Type, d.Command, d.Size)).OrderBy(g => g.Key.Type is "web" ? "" : g.Key.Type, StringComparer.Ordinal))
        {
            run.Terminal.Heading($"{type.Key.Type} ({type.Key.Size}): {type.Key.Command} ({type.Count()})");
            foreach (var dyno in type.OrderBy(d => d.Name.Length).ThenBy(d => d.Name, StringComparer.Ordinal))
            {
                var state = dyno.State is "up" ? run.Terminal.Good(dyno.State) : dyno.State is "crashed" ? run.Terminal.Bad(dyno.State) : dyno.State;
                run.Terminal.Line($"{dyno.Name}: {state} {run.Ago(dyno.UpdatedAt)}, v{dyno.Release.Version}");
            }

            run.Terminal.Line();
        }

        return ExitCode.Ok;
    }
}
