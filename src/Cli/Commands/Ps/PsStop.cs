using System.CommandLine;

namespace Sluice.Cli.Commands.Ps;

internal sealed class PsStop : AppCommand
{
    public static readonly About Is = new("ps:stop", "Stop a dyno or all of a process type; what is scaled up comes back", "sluice ps:stop web.1 -a shop", () => new PsStop()) { Aliases = ["ps:kill", "kill"] };

    private readonly Argument<string> dyno = Flags.Needed("DYNO", "a dyno (web.1) or process type (web)");

    public PsStop() : base(Is) => Arguments.Add(dyno);

    public override async Task<ExitCode> RunAsync(Run run, CancellationToken ct)
    {
        var app = await AppAsync(run, ct);
        var name = run.Value(dyno)!;
        var kind = name.Contains('.', StringComparison.Ordinal) ? "dynos" : "formations";
        await run.Terminal.StepAsync($"Stopping {name} on {app}", () =>
            run.Server.DoAsync(HttpMethod.Post, $"/apps/{Uri.EscapeDataString(app)}/{kind}/{Uri.EscapeDataString(name)}/actions/stop", ct));
        return ExitCode.Ok;
    }
}
