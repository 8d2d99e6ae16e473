using System.CommandLine;
using Sluice.Cli.Output;
using Sluice.Wire;

namespace Sluice.Cli.Commands.Ps;

internal sealed class PsType : AppCommand
{
    public static readonly About Is = new("ps:type", "Show or change the size of an app's dynos: how much memory and CPU each has", "sluice ps:type worker=standard-2x -a shop", () => new PsType())
    {
        Aliases = ["dyno:type", "ps:resize", "dyno:resize", "resize"],
        More = "TYPE=SIZE changes one process type; SIZE alone changes all of them. Dynos of a changed type start anew. Sizes: sluice ps:sizes.",
    };

    private readonly Argument<string[]> changes = new("TYPE=SIZE") { Description = "process type and size, or a size for all", Arity = ArgumentArity.ZeroOrMore };
    private readonly Option<bool> json = Flags.Json();

    public PsType() : base(Is)
    {
        Arguments.Add(changes);
        Options.Add(json);
    }

    public override async Task<ExitCode> RunAsync(Run run, CancellationToken ct)
    {
        var app = await AppAsync(run, ct);
        var path = $"/apps/{Uri.EscapeDataString(app)}/formation";
        var formation = await run.Server.ListAsync<FormationWire>(path, ct);
        if (run.Value(changes) is { Length: > 0 } asked)
        {
            var updates = Updates(asked, formation);
            await run.Terminal.StepAsync(
                $"Scaling dynos on {app}", () => run.Server.PatchAsync<UpdateFormationWire, IReadOnlyList<FormationWire>>(path, new UpdateFormationWire(updates), ct));
            formation = await run.Server.ListAsync<FormationWire>(path, ct);
        }

        if (run.Value(json))
        {
            run.Json(formation);
            return ExitCode.Ok;
        }

        var table = new Table("Type", "Size", "Qty");
        foreach (var process in formation)
        {
            table.Add(process.Type, process.Size, $"{process.Quantity}");
        }

        table.Print(run.Terminal);
        return ExitCode.Ok;
    }

    private static FormationUpdateWire[] Updates(string[] asked, IReadOnlyList<FormationWire> formation)
    {
        if (asked is [var size] && !size.Contains('=', StringComparison.Ordinal))
        {
            return [.. formation.Select(process => new FormationUpdateWire(process.Type, Size: size))];
        }

        return [.. asked.Select(change => change.Split('=', 2) is [{ Length: > 0 } type, { Length: > 0 } to]
            ? new FormationUpdateWire(type, Size: to)
            : throw StopException.Usage($"\"{change}\" says no size. Write it like web=standard-2x, or give one size for all."))];
    }
}
