using System.Collections.Concurrent;
using Microsoft.AspNetCore.Http.Features;

namespace Sluice.Router;

/// <summary>The WebSockets that pass through this router.</summary>
internal sealed class WebSockets(RouterLimits limits)
{
    private readonly ConcurrentDictionary<WebSocketPipe, bool> open = new();
    private readonly ConcurrentDictionary<AppId, int> seats = new();

    /// <summary>Whether a request would become a WebSocket: by Upgrade, or by the CONNECT of HTTP/2 (RFC 8441).</summary>
    public static bool IsAskedFor(HttpContext http) =>
        (http.Request.Headers.Upgrade.Count > 0 && http.Request.Headers.Upgrade.ToString().Equals("websocket", StringComparison.OrdinalIgnoreCase)
            && http.Features.Get<IHttpUpgradeFeature>()?.IsUpgradableRequest == true)
        || (HttpMethods.IsConnect(http.Request.Method) && IsExtended(http));

    public static bool IsExtended(HttpContext http) => http.Features.Get<IHttpExtendedConnectFeature>() is { IsExtendedConnect: true, Protocol: "websocket" };

    /// <summary>Counts one in, from its asking on; the caller must <see cref="GiveBack"/>. False when the app has as many as it may.</summary>
    public bool TryTake(Route route)
    {
        if (seats.AddOrUpdate(route.App, 1, static (_, count) => count + 1) <= route.MostWebSockets)
            return true;
        GiveBack(route);
        return false;
    }

    public void GiveBack(Route route)
    {
        seats.AddOrUpdate(route.App, 0, static (_, count) => count - 1);
        seats.TryRemove(new(route.App, 0));
    }

    /// <summary>The app has agreed: passes on both ways until either side ends, or nothing moves for <see cref="RouterLimits.Idle"/>. Answers bytes that went to the visitor.</summary>
    public async Task<(RouterError? Error, long Bytes)> RunAsync(HttpContext http, DynoConnection connection)
    {
        var dyno = connection.Dyno;
        dyno.BecomeSocket();
        try
        {
            await using var visitor = await AcceptAsync(http);
            var pipe = new WebSocketPipe(visitor, connection, limits.Idle);
            open[pipe] = true;
            try
            {
                return (await pipe.RunAsync(http.RequestAborted), pipe.Bytes);
            }
            finally
            {
                open.TryRemove(pipe, out _);
            }
        }
        finally
        {
            dyno.EndSocket();
        }
    }

    /// <summary>Says good-bye on all of them, so that clients connect anew, and to the next router.</summary>
    public Task CloseAsync() => Task.WhenAll(open.Keys.Select(pipe => pipe.CloseAsync()));

    private static ValueTask<Stream> AcceptAsync(HttpContext http)
    {
        if (!IsExtended(http))
        {
            http.Response.Headers.Upgrade = "websocket";
            return new ValueTask<Stream>(http.Features.GetRequiredFeature<IHttpUpgradeFeature>().UpgradeAsync());
        }
        http.Response.StatusCode = StatusCodes.Status200OK;
        http.Response.Headers.Remove("Sec-WebSocket-Accept");
        return http.Features.GetRequiredFeature<IHttpExtendedConnectFeature>().AcceptAsync();
    }
}
