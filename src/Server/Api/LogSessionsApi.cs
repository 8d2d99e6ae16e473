using System.Globalization;
using System.Text;
using Microsoft.AspNetCore.Http.HttpResults;
using Sluice.Apps;
using Sluice.Logs;
using Sluice.Wire;

namespace Sluice.Api;

/// <summary>
/// Logs as server-sent events, from an address with its permission in it. The <c>id</c> of an event is the line's number, so that a client that comes
/// back with <c>Last-Event-ID</c> goes on where it was.
/// </summary>
internal static class LogSessionsApi
{
    private const string Kind = "log session";
    private const int DefaultLines = 100;
    private const int MaxLines = 1500;
    private const int MaxText = 100;
    private static readonly TimeSpan KeepAlive = TimeSpan.FromSeconds(20);

    public static void MapLogSessions(this IEndpointRouteBuilder api)
    {
        api.MapPost("/apps/{name}/log-sessions", Create).ForApp(Permission.View).OnlyReading();
        api.MapGet("/logs/{ticket}", Send).Open();
    }

    private static Created<LogSessionWire> Create(RequestBody body, App app, AppTickets tickets, Links links, TimeProvider clock)
    {
        var session = new Session(
            body.Text("source"),
            body.Text("dyno") ?? body.Text("dyno_name") ?? body.Text("type"),
            Math.Clamp(body.Int("lines") ?? DefaultLines, 0, MaxLines),
            body.Flag("tail") ?? false);
        foreach (var (name, text) in new[] { ("source", session.Source), ("dyno", session.Dyno) })
        {
            if (text?.Length > MaxText)
                body.Fault($"{name} may have {MaxText} characters.");
        }

        body.RefuseFaults();
        var now = clock.GetUtcNow();
        var address = links.To("/logs/" + tickets.Make(Kind, app.Id, Permission.View, session, StreamsApi.TicketLasts));
        return TypedResults.Created((string?)null, new LogSessionWire(Guid.CreateVersion7(), address, now, now));
    }

    private static async Task Send(HttpContext http, string ticket, AppTickets tickets, AppLogs logs, TimeProvider clock, CancellationToken ct)
    {
        var held = await tickets.OpenAsync<Session>(Kind, ticket, ct);
        var (app, session) = (held.App, held.About);
        var filter = new LogFilter(session.Source, session.Dyno);
        var resumed = long.TryParse(http.Request.Headers["Last-Event-ID"], NumberStyles.None, CultureInfo.InvariantCulture, out var seen);
        await StreamsApi.BeginAsync(http, "text/event-stream; charset=utf-8", ct);
        // Without it the Heroku CLI lingers for three seconds after the end.
        await WriteAsync(http, "retry: 1\n\n", ct);
        var last = logs.LastOf(app);
        if (!resumed)
        {
            foreach (var line in (await logs.PastAsync(app, session.Lines, filter, ct)).Said)
            {
                await WriteAsync(http, Event(line), ct);
                last = Math.Max(last, line.Seq);
            }
        }

        if (session.Tail)
            await tickets.WhileAllowedAsync(held, ending => TailAsync(http, logs.TailAsync(app, resumed ? seen : last, filter, ending), clock, ending), ct);
    }

    /// <summary>Lines as they come; a comment now and then, so that nobody in between takes silence for an end.</summary>
    private static async Task TailAsync(HttpContext http, IAsyncEnumerable<LogLine> lines, TimeProvider clock, CancellationToken ct)
    {
        await using var coming = new Following<LogLine>(lines, ct);
        while (true)
        {
            if (await Task.WhenAny(coming.Next, Task.Delay(KeepAlive, clock, ct)) != coming.Next)
            {
                ct.ThrowIfCancellationRequested();
                await WriteAsync(http, ":\n\n", ct);
                continue;
            }

            if (!await coming.Next)
                return;
            await WriteAsync(http, Event(coming.Take()), ct);
        }
    }

    private static string Event(LogLine line) => $"id: {line.Seq}\ndata: {line}\n\n";

    private static async Task WriteAsync(HttpContext http, string text, CancellationToken ct)
    {
        await http.Response.Body.WriteAsync(Encoding.UTF8.GetBytes(text), ct);
        await http.Response.Body.FlushAsync(ct);
    }

    private sealed record Session(string? Source, string? Dyno, int Lines, bool Tail);
}
