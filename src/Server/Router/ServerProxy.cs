using System.Net.Sockets;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;
using Yarp.ReverseProxy.Forwarder;

namespace Sluice.Router;

/// <summary>
/// API, git and dashboard: to the server over its Unix socket, whatever their size and however long they take (a push holds its build). A server
/// that restarts is waited for, so that clients notice nothing.
/// </summary>
internal sealed class ServerProxy(DataFolder data, IHttpForwarder forwarder, RouterLimits limits)
{
    private static readonly TimeSpan LookAgain = TimeSpan.FromMilliseconds(50);

    private readonly HttpMessageInvoker server = new(new FlushingUploads(new SocketsHttpHandler
    {
        UseProxy = false,
        AllowAutoRedirect = false,
        UseCookies = false,
        AutomaticDecompression = System.Net.DecompressionMethods.None,
        ActivityHeadersPropagator = null,
        RequestHeaderEncodingSelector = (_, _) => System.Text.Encoding.Latin1,
        ConnectTimeout = limits.ServerAway * 2,
        // A fresh connection per request costs 50 µs here, and no request meets one that a stopping server is just closing.
        PooledConnectionLifetime = TimeSpan.Zero,
        ConnectCallback = (_, ct) => ConnectAsync(data.ServerSocket, limits.ServerAway, ct),
    }));

    private readonly ForwarderRequestConfig config = new()
    {
        Version = System.Net.HttpVersion.Version11,
        VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        ActivityTimeout = TimeSpan.FromDays(1),
    };

    public async Task HandleAsync(HttpContext http, Func<bool> isDraining)
    {
        AllowSlowAnswers(http);
        using var span = http.Request.Path.Value is "/healthz" or "/healthz/server" or "/metrics" ? null : RequestSpan.Start(http, http.Request.Headers["X-Request-Id"].ToString());
        using var exchange = new Exchange(http, isDraining);
        for (var attempt = 1; ; attempt++)
        {
            var error = await forwarder.SendAsync(http, "http://server", server, config, exchange, http.RequestAborted);
            if (error == ForwarderError.None || http.Response.HasStarted || http.RequestAborted.IsCancellationRequested)
                return;
            if (IsVisitorsFault(http, error))
            {
                http.Response.Headers.Connection = "close";
                await ErrorPage.WriteAsync(http, 400, "400", "This request, or its body, is no HTTP.", "");
                return;
            }
            // A server that stops closes what waits in its queue. Reading twice is harmless; anything else may have been done already.
            if (attempt > 1 || !exchange.NothingSent || !(HttpMethods.IsGet(http.Request.Method) || HttpMethods.IsHead(http.Request.Method)))
                break;
            http.Response.StatusCode = StatusCodes.Status200OK;
        }
        await (exchange.NothingSent
            ? ErrorPage.WriteAsync(http, 503, "503", "The Sluice server is away.", "Apps are served meanwhile. Try again in a moment; its operator finds why in its log.")
            : ErrorPage.WriteAsync(http, 503, "503", "The Sluice server went away in the middle of this request.", "Look at what it did before you send it again."));
    }

    private static bool IsVisitorsFault(HttpContext http, ForwarderError error) =>
        error is ForwarderError.RequestCreation or ForwarderError.RequestBodyClient || http.GetForwarderErrorFeature()?.Exception is BadHttpRequestException or { InnerException: BadHttpRequestException };

    /// <summary>A push may pause for as long as git computes, and a log tail has nothing to say for hours.</summary>
    private static void AllowSlowAnswers(HttpContext http)
    {
        if (http.Features.Get<IHttpMinResponseDataRateFeature>() is { } response && HttpProtocol.IsHttp11(http.Request.Protocol))
            response.MinDataRate = null;
    }

    internal static async ValueTask<Stream> ConnectAsync(string path, TimeSpan patience, CancellationToken ct)
    {
        for (var waited = TimeSpan.Zero; ; waited += LookAgain)
        {
            var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            try
            {
                await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), ct);
                return new NetworkStream(socket, ownsSocket: true);
            }
            catch (SocketException) when (waited < patience)
            {
                socket.Dispose();
                await Task.Delay(LookAgain, ct);
            }
            catch
            {
                socket.Dispose();
                throw;
            }
        }
    }
}
