using System.Buffers;
using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using Sluice.Accounts;
using Sluice.Api;
using Sluice.Apps;
using Sluice.Builds;
using Sluice.Dashboard.AppPage;
using Sluice.Logs;

namespace Sluice.Dashboard.Live;

/// <summary>Text that grows on a page: an app's log, and what a build prints. Each stream ends soon after the right or the session has ended.</summary>
internal static class Tails
{
    private static readonly TimeSpan KeepAlive = TimeSpan.FromSeconds(15), LookAgain = TimeSpan.FromSeconds(1);

    /// <summary>Between two events of one build, so that what comes fast comes many lines at a time.</summary>
    private static readonly TimeSpan Breath = TimeSpan.FromMilliseconds(100);

    public static void Map(IEndpointRouteBuilder dashboard)
    {
        dashboard.MapGet("/apps/{name}/logs/live", FollowLog).ForMyApp(Permission.View);
        dashboard.MapGet("/apps/{name}/builds/{build}/output", FollowOutput).ForMyApp(Permission.View);
    }

    /// <summary>Lines after the last one that the page has, many at a time when they come fast.</summary>
    private static Task FollowLog(HttpContext http, App app, Principal who, long? after, AppLogs appLogs, AppTickets tickets, Views views, CancellationToken ct) =>
        tickets.WhileAllowedAsync(new Held<App>(app.Id, Permission.View, who.Account, who.Key, app), ending => SendLogAsync(http, app, after, appLogs, views, ending), ct);

    private static async Task SendLogAsync(HttpContext http, App app, long? after, AppLogs appLogs, Views views, CancellationToken ct)
    {
        const int atOnce = 200;
        await StreamsApi.BeginAsync(http, "text/event-stream; charset=utf-8", ct);
        await using var coming = new Following<LogLine>(appLogs.TailAsync(app.Id, Seen(http) ?? after ?? appLogs.LastOf(app.Id), LogFilter.All, ct), ct);
        while (await ComesAsync(http, coming.Next, ct))
        {
            var lines = ImmutableArray.CreateBuilder<LogLine>();
            do
                lines.Add(coming.Take());
            while (lines.Count < atOnce && coming.Next.IsCompletedSuccessfully && await coming.Next);
            await WriteAsync(http, $"id: {lines[^1].Seq}\n{Data(await views.MarkupAsync<TailLines>(lines.ToImmutable()))}", ct);
        }
    }

    /// <summary>What a build prints after so many bytes; <c>again</c> when it began anew, after a restart of the server; <c>end</c> when it is over.</summary>
    private static async Task FollowOutput(
        HttpContext http, App app, string build, Principal who, long? after, BuildTable builds, OpenLogs logs, AppTickets tickets, Views views, TimeProvider clock, CancellationToken ct)
    {
        if (!Guid.TryParse(build, out var guid) || await builds.FindAsync(app.Id, new BuildId(guid), ct) is not { } found)
            throw Refuse.NotFound("build", build);
        await StreamsApi.BeginAsync(http, "text/event-stream; charset=utf-8", ct);
        await tickets.WhileAllowedAsync(new Held<App>(app.Id, Permission.View, who.Account, who.Key, app), async ending =>
        {
            var at = Seen(http) ?? after ?? 0;
            while (true)
            {
                var isOver = await builds.FindAsync(app.Id, found.Id, ending) is not { Status: "pending" };   // asked before it is read: nothing is missed
                if (new FileInfo(logs.PathOf(found.Id)) is { Exists: true, Length: var length } && length < at)
                {
                    at = 0;
                    await WriteAsync(http, "event: again\ndata: 1\n\n", ending);
                }

                at = await SendOutputAsync(http, found.Id, at, logs, views, clock, ending);
                if (isOver)
                    break;
                await Task.Delay(LookAgain, clock, ending);
            }

            await WriteAsync(http, "event: end\ndata: 1\n\n", ending);
        }, ct);
    }

    /// <summary>Whole lines until nobody writes any more; answers where it stopped.</summary>
    private static async Task<long> SendOutputAsync(HttpContext http, BuildId build, long at, OpenLogs logs, Views views, TimeProvider clock, CancellationToken ct)
    {
        var lines = new ArrayBufferWriter<byte>();
        await using var coming = new Following<ReadOnlyMemory<byte>>(logs.FollowAsync(build, at, ct), ct);
        while (await ComesAsync(http, coming.Next, ct))
        {
            lines.Write(coming.Take().Span);
            var whole = lines.WrittenSpan.LastIndexOf((byte)'\n') + 1;
            if (whole == 0)
                continue;
            var text = PrintedOutput.TextOf(lines.WrittenSpan[..whole]);
            var rest = lines.WrittenSpan[whole..].ToArray();
            lines.ResetWrittenCount();
            lines.Write(rest);
            at += whole;
            var markup = (await views.MarkupAsync<Printed>(text)).Trim();   // what stands around the lines is not theirs; the ends of lines are encoded
            await WriteAsync(http, $"id: {at}\n{Data(markup)}", ct);
            await Task.Delay(Breath, clock, ct);
        }

        return at;
    }

    /// <summary>Waits for what comes next, and lets the connection know meanwhile that somebody is there.</summary>
    private static async Task<bool> ComesAsync(HttpContext http, Task<bool> next, CancellationToken ct)
    {
        while (await Task.WhenAny(next, Task.Delay(KeepAlive, ct)) != next)
        {
            ct.ThrowIfCancellationRequested();
            await WriteAsync(http, ":\n\n", ct);
        }

        return await next;
    }

    private static long? Seen(HttpContext http) => long.TryParse(http.Request.Headers["Last-Event-ID"], NumberStyles.None, CultureInfo.InvariantCulture, out var seen) ? seen : null;

    private static string Data(string markup) => $"data: {markup.ReplaceLineEndings("\ndata: ")}\n\n";

    private static async Task WriteAsync(HttpContext http, string text, CancellationToken ct)
    {
        await http.Response.Body.WriteAsync(Encoding.UTF8.GetBytes(text), ct);
        await http.Response.Body.FlushAsync(ct);
    }
}
