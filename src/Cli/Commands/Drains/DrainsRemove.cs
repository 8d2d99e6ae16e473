using System.CommandLine;

namespace Sluice.Cli.Commands.Drains;

internal sealed class DrainsRemove : AppCommand
{
    public static readonly About Is = new("drains:remove", "Stop sending an app's log to a receiver", "sluice drains:remove d.01234567-89ab-cdef-0123-456789abcdef -a shop", () => new DrainsRemove());

    private readonly Argument<string> drain = Flags.Needed("URL", "address or token, as sluice drains shows them");

    public DrainsRemove() : base(Is) => Arguments.Add(drain);

    public override async Task<ExitCode> RunAsync(Run run, CancellationToken ct)
    {
        var app = await AppAsync(run, ct);
        await run.Server.DeleteAsync(DrainsList.Path(app, run.Value(drain)), ct);
        run.Terminal.Line($"Successfully removed drain {run.Value(drain)}");
        return ExitCode.Ok;
    }
}
