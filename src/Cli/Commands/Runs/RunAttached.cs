using System.CommandLine;
using Sluice.Cli.Output;
using Sluice.Wire;

namespace Sluice.Cli.Commands.Runs;

internal sealed class RunAttached : AppCommand
{
    public static readonly About Is = new("run", "Run a command once in a dyno of its own, with this terminal or pipe", "sluice run -a shop -- rake db:migrate --trace", () => new RunAttached())
    {
        More = "It runs what the app runs now, with its config vars, in a sandbox of its own, for 24 hours at most. Ends with the command's exit code.\n"
            + "What is piped in is read to its end. When this command line goes, so does the dyno; run:detached is for what should stay.",
    };

    private readonly OneOffFlags oneOff = new();
    private readonly Option<bool> noTerminal = new("--no-tty") { Description = "no terminal for the command, though there is one here" };
    private readonly Option<bool> exitCode = new("--exit-code", "-x") { Description = "as for the Heroku CLI; here the exit code always comes back" };

    public RunAttached() : base(Is)
    {
        oneOff.AddTo(this);
        Options.Add(noTerminal);
        Options.Add(exitCode);
    }

    public override async Task<ExitCode> RunAsync(Run run, CancellationToken ct)
    {
        var (app, line, console) = (await AppAsync(run, ct), oneOff.CommandOf(run), run.Surroundings.Console());
        var terminal = run.Value(noTerminal) ? null : console.Size;
        var asked = oneOff.Ask(run, line + ExitStatusLine.Wanted, attach: true, TerminalVariables(run, terminal), noTerminal: terminal is null);
        run.Terminal.NotePart($"Running {line} on {app}... ");
        DynoWire dyno;
        try
        {
            dyno = await run.Server.PostAsync<StartDynoWire, DynoWire>($"/apps/{Uri.EscapeDataString(app)}/dynos", asked, ct);
        }
        catch
        {
            run.Terminal.Note("failed");
            throw;
        }

        await using var meeting = await Meeting.BeginAsync(run.Location, new Uri(dyno.AttachUrl!), ct);
        run.Terminal.Note($"up, {dyno.Name}");
        using var raw = terminal is null ? null : RawConsole.Raw();
        return (ExitCode)await meeting.ToTheEndAsync(console, ct);
    }

    private static Dictionary<string, string> TerminalVariables(Run run, (int Columns, int Lines)? terminal)
    {
        var variables = new Dictionary<string, string>(StringComparer.Ordinal);
        if (run.Surroundings.Variable("TERM") is { } term)
        {
            variables["TERM"] = term;
        }

        if (terminal is var (columns, lines))
        {
            (variables["COLUMNS"], variables["LINES"]) = ($"{columns}", $"{lines}");
        }

        return variables;
    }
}
