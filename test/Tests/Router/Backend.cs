using System.Collections.Concurrent;
using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging;
using Sluice.Router;

namespace Sluice.Tests.Router;

/// <summary>A web dyno as far as the router can tell: a real server on a loopback port that remembers what reached it.</summary>
internal sealed class Backend : IAsyncDisposable
{
    private readonly WebApplication app;

    private Backend(WebApplication app) => this.app = app;

    private readonly ConcurrentDictionary<string, HttpContext> open = new();

    public ConcurrentQueue<Arrived> Requests { get; } = new();
    public int Port { get; private init; }
    public DynoId Dyno { get; } = DynoId.New();

    public Target Target(string name = "web.1") => new(Dyno, name, "127.0.0.1", Port);

    public static async Task<Backend> StartAsync(RequestDelegate answer)
    {
        var builder = WebApplication.CreateEmptyBuilder(new());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(k =>
        {
            k.Listen(IPAddress.Loopback, 0);
            k.Limits.MaxRequestBodySize = null;
        });
        builder.Logging.ClearProviders();
        var app = builder.Build();
        Backend backend = null!;
        app.UseWebSockets();
        app.Run(async http =>
        {
            backend.Requests.Enqueue(new Arrived(
                http.Request.Method, http.Features.Get<IHttpRequestFeature>()!.RawTarget, http.Request.Headers.ToDictionary(h => h.Key, h => h.Value.ToString(), StringComparer.OrdinalIgnoreCase)));
            backend.open[http.TraceIdentifier] = http;
            await answer(http);
            backend.open.TryRemove(http.TraceIdentifier, out _);
        });
        await app.StartAsync();
        return backend = new Backend(app) { Port = new Uri(app.Urls.First()).Port };
    }

    public static Task<Backend> SayingAsync(string text) => StartAsync(http => http.Response.WriteAsync(text));

    /// <summary>Drops every connection, as a dyno that is killed does.</summary>
    public void Abort()
    {
        foreach (var connection in open.Values)
            connection.Abort();
    }

    public ValueTask DisposeAsync() => app.DisposeAsync();
}

/// <summary>One request as the app saw it.</summary>
internal sealed record Arrived(string Method, string Target, IReadOnlyDictionary<string, string> Headers);
