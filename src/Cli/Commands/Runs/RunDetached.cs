using System.CommandLine;
using Sluice.Cli.Commands.Logs;
using Sluice.Wire;

namespace Sluice.Cli.Commands.Runs;

internal sealed class RunDetached : AppCommand
{
    public static readonly About Is = new("run:detached", "Run a command once in a dyno of its own, which prints into the app's log", "sluice run:detached -a shop -- rake cleanup", () => new RunDetached())
    {
        More = "It goes on when this command line, the server or the agent ends, for 24 hours at most. See it with ps, end it with ps:stop.",
    };

    private readonly OneOffFlags oneOff = new();
    private readonly Option<bool> tail = new("--tail", "-t") { Description = "show its log as it comes" };
    private readonly Option<bool> json = Flags.Json();

    public RunDetached() : base(Is)
    {
        oneOff.AddTo(this);
        Options.Add(tail);
        Options.Add(json);
    }

    public override async Task<ExitCode> RunAsync(Run run, CancellationToken ct)
    {
        var (app, line) = (await AppAsync(run, ct), oneOff.CommandOf(run));
        var asked = oneOff.Ask(run, line, attach: false, new Dictionary<string, string>(), noTerminal: true);
        var dyno = await run.Terminal.StepAsync(
            $"Running {line} on {app}", () => run.Server.PostAsync<StartDynoWire, DynoWire>($"/apps/{Uri.EscapeDataString(app)}/dynos", asked, ct), d => d.Name);
        if (run.Value(json))
        {
            run.Json(dyno);
        }
        else if (run.Value(tail))
        {
            await LogsShow.FollowAsync(run, app, new CreateLogSessionWire(dyno.Name, null, 100, true), ct);
        }
        else
        {
            run.Terminal.Line($"Run sluice logs --app {app} --dyno {dyno.Name} to view the output.");
        }

        return ExitCode.Ok;
    }
}
