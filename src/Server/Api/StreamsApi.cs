using System.Text;
using Microsoft.AspNetCore.Http.Features;
using Sluice.Apps;
using Sluice.Builds;
using Sluice.Logs;
using Sluice.Releases;

namespace Sluice.Api;

/// <summary>Output of builds and release phases as plain text, as it comes. The secret is in the address: clients fetch it without their key.</summary>
internal static class StreamsApi
{
    /// <summary>An address is made anew with every answer, so it need not last long; a slow reader has a day.</summary>
    public static readonly TimeSpan TicketLasts = TimeSpan.FromDays(1);

    private const string Release = "release output";
    private const string Build = "build output";
    private static readonly TimeSpan LookAgain = TimeSpan.FromMilliseconds(200);

    public static void MapStreams(this IEndpointRouteBuilder api)
    {
        api.MapGet("/streams/releases/{ticket}", SendRelease).Open();
        api.MapGet("/streams/builds/{ticket}", SendBuild).Open();
    }

    public static string AddressOf(AppId app, ReleaseId release, AppTickets tickets, Links links) =>
        links.To("/streams/releases/" + tickets.Make(Release, app, Permission.View, release, TicketLasts));

    public static string AddressOf(AppId app, BuildId build, AppTickets tickets, Links links) =>
        links.To("/streams/builds/" + tickets.Make(Build, app, Permission.View, build, TicketLasts));

    /// <summary>Starts a stream that proxies and buffers leave alone.</summary>
    public static async Task BeginAsync(HttpContext http, string type, CancellationToken ct)
    {
        http.Response.ContentType = type;
        http.Response.Headers.CacheControl = "no-cache";
        http.Response.Headers["X-Accel-Buffering"] = "no";
        http.Features.Get<IHttpResponseBodyFeature>()?.DisableBuffering();
        await http.Response.StartAsync(ct);
        await http.Response.Body.FlushAsync(ct);
    }

    private static async Task SendRelease(HttpContext http, string ticket, AppTickets tickets, ReleaseLedger ledger, OpenLogs logs, TimeProvider clock, CancellationToken ct)
    {
        var held = await tickets.OpenAsync<ReleaseId>(Release, ticket, ct);
        var id = held.About;
        var release = await ledger.FindAsync(id, ct) ?? throw Refuse.NotFound("release", id.ToString());
        await BeginAsync(http, "text/plain; charset=utf-8", ct);
        while (release is { IsTerminal: false } && !logs.Exists(id))
        {
            await Task.Delay(LookAgain, clock, ct);
            release = await ledger.FindAsync(id, ct);
        }

        await tickets.WhileAllowedAsync(held, ending => CopyAsync(http, logs.FollowAsync(id, ending), ending), ct);
    }

    private static async Task SendBuild(HttpContext http, string ticket, AppTickets tickets, BuildTable builds, OpenLogs logs, TimeProvider clock, CancellationToken ct)
    {
        var held = await tickets.OpenAsync<BuildId>(Build, ticket, ct);
        var (app, id) = (held.App, held.About);
        var build = await builds.FindAsync(app, id, ct) ?? throw Refuse.NotFound("build", id.ToString());
        await BeginAsync(http, "text/plain; charset=utf-8", ct);
        while (build is { Status: "pending" } && !logs.Exists(id))
        {
            await Task.Delay(LookAgain, clock, ct);
            build = await builds.FindAsync(app, id, ct);
        }

        await tickets.WhileAllowedAsync(held, ending => CopyAsync(http, logs.FollowAsync(id, ending), ending), ct);
    }

    private static async Task CopyAsync(HttpContext http, IAsyncEnumerable<ReadOnlyMemory<byte>> output, CancellationToken ct)
    {
        await foreach (var bytes in output.WithCancellation(ct))
        {
            await http.Response.Body.WriteAsync(bytes, ct);
            await http.Response.Body.FlushAsync(ct);
        }
    }
}
