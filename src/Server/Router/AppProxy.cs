using System.Diagnostics;

namespace Sluice.Router;

/// <summary>One request to an app: find its route, take the least loaded dyno, pass both ways as it streams, say what happened.</summary>
internal sealed class AppProxy(LiveTable table, RequestLines lines, RequestCounts counts, WebSockets sockets, RouterLimits limits, int port)
{
    private const int MostTargets = 3;

    public async Task HandleAsync(HttpContext http, DateTimeOffset now, Func<bool> isDraining)
    {
        var start = Stopwatch.GetTimestamp();
        var (host, id, client) = (http.Request.Host.Host, HeadRules.RequestId(http.Request.Headers["X-Request-Id"].ToString()), HeadRules.Client(http));
        using var span = RequestSpan.Start(http, id);
        var isWebSocket = WebSockets.IsAskedFor(http);
        LiveTarget? target = null;
        for (var attempt = 1; ; attempt++)
        {
            target = table.Take(host, tried: target, out var route);
            if (route is null)
            {
                await ErrorPage.WriteAsync(http, 404, "404", "There is no app at this address.",
                    "Check the name. If you own it, sluice apps shows the apps you have and where they answer.");
                return;
            }
            var hasSeat = !isWebSocket || sockets.TryTake(route.Route);
            try
            {
                var call = new DynoCall(http, limits, isDraining, sockets);
                var error = target is null ? RouterError.WhenEmpty(route.Route)
                    : target.Load.Count > limits.PerDyno ? RouterError.TooMany
                    : !hasSeat ? RouterError.TooManyWebSockets(route.Route)
                    : await call.RunAsync(target, id, client, port, now.ToUnixTimeMilliseconds());
                if (IsConnectFailure(error) && attempt < MostTargets && call.NothingTaken && table.Find(host)?.LeastLoaded(target) is not null)
                    continue;
                await EndAsync(http, call, error, route.Route);
                var (status, took) = (error?.Status ?? http.Response.StatusCode, (long)Stopwatch.GetElapsedTime(start).TotalMilliseconds);
                counts.Add(route.Route.App, status, took);
                RequestSpan.End(span, route.Route.Name, target?.Target.Name ?? "", status, error, took);
                lines.Add(route.Route.App, new RequestLine
                {
                    Method = http.Request.Method,
                    Path = HeadRules.RawTarget(http),
                    Host = host,
                    Id = id,
                    Client = client,
                    Dyno = target?.Target.Name ?? "",
                    ConnectMs = call.ConnectMs,
                    ServiceMs = took,
                    Status = status,
                    Bytes = call.Bytes,
                    Protocol = http.Request.Scheme,
                    Error = error,
                });
                return;
            }
            finally
            {
                target?.Load.Leave();
                if (isWebSocket && hasSeat)
                    sockets.GiveBack(route.Route);
            }
        }
    }

    private static bool IsConnectFailure(RouterError? error) => error == RouterError.Refused || error == RouterError.ConnectTimedOut;

    /// <summary>A page where nothing was said yet; a cut where an answer began, since half an answer must not look like a whole one.</summary>
    private static Task EndAsync(HttpContext http, DynoCall call, RouterError? error, Route route)
    {
        if (error is null)
            return Task.CompletedTask;
        if (http.Response.HasStarted || call.Bytes > 0 || error == RouterError.ClientIdle)
        {
            if (!call.IsSocket)
                http.Abort();
            return Task.CompletedTask;
        }
        if (call.IsHeadBad)
            http.Response.Headers.Connection = "close";
        if (call.VisitorsFault is { } fault)
            return ErrorPage.WriteAsync(http, fault.StatusCode, $"{fault.StatusCode}", call.IsHeadBad ? fault.Message : "The body of this request is no HTTP.", "");
        return error == RouterError.ClientGone ? Task.CompletedTask : ErrorPage.WriteAsync(http, error, route.Name);
    }
}
