using System.CommandLine;

namespace Sluice.Cli.Commands.Ps;

internal sealed class PsRestart : AppCommand
{
    public static readonly About Is = new("ps:restart", "Restart all dynos of an app, one type's, or one", "sluice ps:restart web.1 -a shop", () => new PsRestart()) { Aliases = ["dyno:restart"] };

    private readonly Argument<string?> dyno = Flags.Optional("DYNO", "a dyno (web.1) or process type (web); without one, all");

    public PsRestart() : base(Is) => Arguments.Add(dyno);

    public override async Task<ExitCode> RunAsync(Run run, CancellationToken ct)
    {
        var app = await AppAsync(run, ct);
        var path = $"/apps/{Uri.EscapeDataString(app)}" + run.Value(dyno) switch
        {
            null => "/dynos",
            { } name when name.Contains('.', StringComparison.Ordinal) => "/dynos/" + Uri.EscapeDataString(name),
            { } type => "/formations/" + Uri.EscapeDataString(type),
        };
        await run.Terminal.StepAsync($"Restarting {run.Value(dyno) ?? "all dynos"} on {app}", () => run.Server.DeleteAsync(path, ct));
        return ExitCode.Ok;
    }
}
