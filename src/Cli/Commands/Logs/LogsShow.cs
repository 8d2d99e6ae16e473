using System.CommandLine;
using Sluice.Wire;

namespace Sluice.Cli.Commands.Logs;

internal sealed class LogsShow : AppCommand
{
    public static readonly About Is = new("logs", "Show an app's log, and follow it with --tail", "sluice logs --tail -a shop", () => new LogsShow());

    private readonly Option<int> number = new("--num", "-n") { Description = "how many lines", HelpName = "N", DefaultValueFactory = _ => 100 };
    private readonly Option<string?> source = new("--source", "-s") { Description = "only lines of app or heroku (the platform)", HelpName = "SOURCE" };
    private readonly Option<string?> dyno = new("--dyno", "-d", "--dyno-name") { Description = "only lines of this dyno (web.1, router)", HelpName = "DYNO" };
    private readonly Option<string?> type = new("--process-type", "-p", "--ps") { Description = "only lines of dynos of this process type (web)", HelpName = "TYPE" };
    private readonly Option<bool> tail = new("--tail", "-t") { Description = "go on with what comes" };

    public LogsShow() : base(Is)
    {
        Options.Add(number);
        Options.Add(source);
        Options.Add(dyno);
        Options.Add(type);
        Options.Add(tail);
    }

    public override async Task<ExitCode> RunAsync(Run run, CancellationToken ct)
    {
        if (run.Value(dyno) is not null && run.Value(type) is not null)
            throw StopException.Usage("Name a dyno or a process type, not both.");
        var app = await AppAsync(run, ct);
        var asked = new CreateLogSessionWire(run.Value(dyno) ?? run.Value(type), run.Value(source), run.Value(number), run.Value(tail));
        await FollowAsync(run, app, asked, ct);
        return ExitCode.Ok;
    }

    /// <summary>Prints what is asked for; a tail, for ever.</summary>
    public static async Task FollowAsync(Run run, string app, CreateLogSessionWire asked, CancellationToken ct)
    {
        var session = await run.Server.PostAsync<CreateLogSessionWire, LogSessionWire>($"/apps/{Uri.EscapeDataString(app)}/log-sessions", asked, ct);
        string? last = null;
        do
        {
            last = await CopyAsync(run, session.LogplexUrl, last, asked.Tail == true, ct);
        }
        while (asked.Tail == true);
    }

    /// <summary>Until the stream ends. A tail that was cut goes on after the last line that was seen.</summary>
    private static async Task<string?> CopyAsync(Run run, string url, string? last, bool isTail, CancellationToken ct)
    {
        try
        {
            await foreach (var (id, line) in run.Server.EventsAsync(url, last, ct))
            {
                run.Terminal.Raw(line + "\n");
                last = id;
            }
        }
        catch (Exception cut) when (isTail && last is not null && cut is IOException or HttpRequestException)
        {
            run.Terminal.Note("The connection was cut. Trying again…");
        }

        if (isTail)
        {
            await Task.Delay(TimeSpan.FromSeconds(1), run.Surroundings.Clock, ct);
        }

        return last;
    }
}
