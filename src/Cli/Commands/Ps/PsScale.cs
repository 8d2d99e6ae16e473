using System.CommandLine;
using Sluice.Wire;

namespace Sluice.Cli.Commands.Ps;

internal sealed class PsScale : AppCommand
{
    public static readonly About Is = new("ps:scale", "Say how many dynos of each process type run", "sluice ps:scale web=2 worker=1 -a shop", () => new PsScale())
    {
        Aliases = ["scale"],
        More = "TYPE=N sets, TYPE+N and TYPE-N add and take away, TYPE=N:SIZE changes the size too. Without any, the formation is shown.",
    };

    private readonly Argument<string[]> changes = new("TYPE=N") { Description = "process type and quantity", Arity = ArgumentArity.ZeroOrMore };
    private readonly Option<bool> json = Flags.Json();

    public PsScale() : base(Is)
    {
        Arguments.Add(changes);
        Options.Add(json);
    }

    public override async Task<ExitCode> RunAsync(Run run, CancellationToken ct)
    {
        var app = await AppAsync(run, ct);
        var path = $"/apps/{Uri.EscapeDataString(app)}/formation";
        IReadOnlyList<FormationWire> formation;
        if (run.Value(changes) is { Length: > 0 } asked)
        {
            var updates = new UpdateFormationWire([.. asked.Select(Parse)]);
            formation = await run.Terminal.StepAsync(
                "Scaling dynos", () => run.Server.PatchAsync<UpdateFormationWire, IReadOnlyList<FormationWire>>(path, updates, ct),
                all => "now running " + string.Join(", ", all.Select(Shown)));
        }
        else
        {
            formation = await run.Server.ListAsync<FormationWire>(path, ct);
            if (!run.Value(json))
            {
                run.Terminal.Line(formation.Count == 0 ? $"{app} has no process types yet. They come with the first deploy." : string.Join(" ", formation.Select(f => $"{f.Type}={f.Quantity}:{f.Size}")));
            }
        }

        if (run.Value(json))
        {
            run.Json(formation);
        }

        return ExitCode.Ok;
    }

    private static string Shown(FormationWire process) => $"{process.Type} at {process.Quantity}:{process.Size}";

    /// <summary><c>web=2:standard-1x</c>, <c>web+1</c>, <c>worker-1</c>.</summary>
    internal static FormationUpdateWire Parse(string change)
    {
        // A process type may hold dashes, so a minus counts only before digits at the end.
        var parts = change.Split(':', 2);
        var sign = parts[0].LastIndexOfAny(['=', '+', '-']);
        var quantity = sign > 0 ? parts[0][(sign + 1)..] : "";
        if (quantity.Length is 0 or > 5 || !quantity.All(char.IsAsciiDigit))
        {
            throw StopException.Usage($"\"{change}\" says no quantity. Write it like web=2, web+1 or web=1:standard-1x.");
        }

        return new(parts[0][..sign], parts[0][sign] is '=' ? quantity : parts[0][sign] + quantity, parts.ElementAtOrDefault(1));
    }
}
