using System.Diagnostics;
using System.Globalization;
using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Yarp.ReverseProxy.Forwarder;

namespace Sluice.Bench;

/// <summary>YARP's forwarder in Kestrel and nothing else, as a process of its own: what our router is measured against.</summary>
internal sealed class BareProxy : IAsyncDisposable
{
    public const string Verb = "--bare-yarp";

    private readonly Started process;

    private BareProxy(Started process, int port) => (this.process, Port) = (process, port);

    public int Port { get; }
    public required int Pid { get; init; }
    public required TimeSpan StartTook { get; init; }

    public static async Task<BareProxy> StartAsync(string backEnd, CancellationToken ct)
    {
        var port = Place.FreePort();
        using var http = BenchServer.Loopback(port);
        var start = Stopwatch.GetTimestamp();
        var process = new Started(Place.Ours(Environment.ProcessPath!, Verb, $"{port}", backEnd));
        var pid = 0;
        await process.UntilAsync(async () =>
        {
            try
            {
                pid = int.Parse(await http.GetStringAsync(new Uri($"http://localhost:{port}/pid"), ct), CultureInfo.InvariantCulture);
                return true;
            }
            catch (HttpRequestException)
            {
                return false;
            }
        }, ct);
        return new BareProxy(process, port) { Pid = pid, StartTook = Stopwatch.GetElapsedTime(start) };
    }

    /// <summary>The process itself.</summary>
    public static async Task<int> RunAsync(string port, string backEnd)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.ListenLocalhost(int.Parse(port, CultureInfo.InvariantCulture)));
        builder.Services.AddHttpForwarder();
        var app = builder.Build();
        var forwarder = app.Services.GetRequiredService<IHttpForwarder>();
        using var invoker = new HttpMessageInvoker(new SocketsHttpHandler
        {
            UseProxy = false,
            AllowAutoRedirect = false,
            UseCookies = false,
            AutomaticDecompression = DecompressionMethods.None,
            ActivityHeadersPropagator = null,
        });
        app.Run(async http =>
        {
            if (http.Request.Path == "/pid")
                await http.Response.WriteAsync($"{Environment.ProcessId}");
            else
                await forwarder.SendAsync(http, backEnd, invoker);
        });
        await app.RunAsync();
        return 0;
    }

    public ValueTask DisposeAsync() => process.DisposeAsync();
}
