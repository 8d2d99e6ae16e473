using System.Diagnostics;
using System.Net.Sockets;
using Yarp.ReverseProxy.Forwarder;

namespace Sluice.Router;

/// <summary>One request to an app: find its route, take the least loaded dyno, forward both ways as it streams, say what happened.</summary>
internal sealed class AppProxy(LiveTable table, RequestLines lines, IHttpForwarder forwarder, RouterLimits limits)
{
    private const int MostTargets = 3;

    private readonly HttpMessageInvoker dynos = new(new FlushingUploads(new SocketsHttpHandler
    {
        UseProxy = false,
        AllowAutoRedirect = false,
        UseCookies = false,
        AutomaticDecompression = System.Net.DecompressionMethods.None,
        ActivityHeadersPropagator = null,
        ConnectTimeout = limits.Connect,
        // Below the shortest keep-alive of common app servers (gunicorn: 2 s), so that we close idle connections first and no
        // request meets one that the app is just closing.
        PooledConnectionIdleTimeout = TimeSpan.FromSeconds(1),
        ConnectCallback = (context, ct) => ConnectAsync(table, context.DnsEndPoint.Host, context.DnsEndPoint.Port, ct),
    }));

    private readonly ForwarderRequestConfig config = new()
    {
        Version = System.Net.HttpVersion.Version11,
        VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        ActivityTimeout = limits.Idle,
    };

    public async Task HandleAsync(HttpContext http, string id, Func<bool> isDraining)
    {
        var start = Stopwatch.GetTimestamp();
        var host = http.Request.Host.Host;
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
            var exchange = new Exchange(http, limits.FirstByte, isDraining);
            try
            {
                var error = target is null ? RouterError.WhenEmpty(route.Route) : await ForwardAsync(http, target, exchange);
                if (IsConnectFailure(error) && attempt < MostTargets && exchange.NothingSent && table.Find(host)?.LeastLoaded(target) is not null)
                {
                    // The forwarder takes any other status for an answer that someone else gave.
                    http.Response.StatusCode = StatusCodes.Status200OK;
                    continue;
                }
                if (error is not null && error != RouterError.ClientGone && !http.Response.HasStarted)
                    await ErrorPage.WriteAsync(http, error, route.Route.Name);
                Note(http, id, route.Route, target, exchange, error, start);
                return;
            }
            finally
            {
                exchange.Dispose();
                target?.Load.Leave();
            }
        }
    }

    private static bool IsConnectFailure(RouterError? error) => error == RouterError.Refused || error == RouterError.ConnectTimedOut;

    private async Task<RouterError?> ForwardAsync(HttpContext http, LiveTarget target, Exchange exchange)
    {
        var result = await forwarder.SendAsync(http, target.Prefix, dynos, config, exchange, exchange.FirstByte);
        return result == ForwarderError.None ? null : Explain(result, http, exchange);
    }

    private static RouterError Explain(ForwarderError error, HttpContext http, Exchange exchange)
    {
        var cause = http.Features.Get<IForwarderErrorFeature>()?.Exception;
        if (http.RequestAborted.IsCancellationRequested)
            return RouterError.ClientGone;
        if (exchange.FirstByte.IsCancellationRequested)
            return RouterError.TimedOut;
        return error switch
        {
            ForwarderError.RequestTimedOut => exchange.Answered ? RouterError.Idle : RouterError.TimedOut,
            ForwarderError.Request when cause is HttpRequestException { HttpRequestError: HttpRequestError.ConnectionError } =>
                cause.InnerException is SocketException { SocketErrorCode: SocketError.ConnectionRefused } ? RouterError.Refused : RouterError.ConnectTimedOut,
            ForwarderError.Request when cause?.InnerException is TimeoutException => RouterError.ConnectTimedOut,
            ForwarderError.RequestBodyClient or ForwarderError.ResponseBodyClient or ForwarderError.RequestCanceled or ForwarderError.ResponseBodyCanceled
                or ForwarderError.RequestBodyCanceled => RouterError.ClientGone,
            ForwarderError.UpgradeActivityTimeout => RouterError.Idle,
            ForwarderError.ResponseBodyDestination => RouterError.Interrupted,
            _ => exchange.Answered ? RouterError.Interrupted : RouterError.ClosedWithoutResponse,
        };
    }

    private void Note(HttpContext http, string id, Route route, LiveTarget? target, Exchange exchange, RouterError? error, long start) =>
        lines.Add(route.App, new RequestLine
        {
            Http = http,
            Id = id,
            Path = exchange.Path,
            Dyno = target?.Target.Name ?? "",
            ConnectMs = target?.ConnectMsSince(start) ?? 0,
            ServiceMs = (long)Stopwatch.GetElapsedTime(start).TotalMilliseconds,
            Status = error?.Status ?? http.Response.StatusCode,
            Bytes = exchange.Bytes,
            Error = error,
        }.ToString());

    private static async ValueTask<Stream> ConnectAsync(LiveTable table, string host, int port, CancellationToken ct)
    {
        var start = Stopwatch.GetTimestamp();
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(host, port, ct);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
        table.At(host, port)?.NoteConnect(Stopwatch.GetTimestamp(), (long)Stopwatch.GetElapsedTime(start).TotalMilliseconds);
        return new NetworkStream(socket, ownsSocket: true);
    }
}

/// <summary>How long the router waits. Heroku's numbers; tests use shorter ones.</summary>
internal sealed record RouterLimits
{
    /// <summary>From the last byte of the request to the first of the answer: H12.</summary>
    public TimeSpan FirstByte { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Without a byte in either direction: H15.</summary>
    public TimeSpan Idle { get; init; } = TimeSpan.FromSeconds(55);

    public TimeSpan Connect { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How long a request to the API waits for a server that restarts.</summary>
    public TimeSpan ServerAway { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>How long a router that was replaced keeps serving the connections it has.</summary>
    public TimeSpan Drain { get; init; } = TimeSpan.FromSeconds(30);
}
