using System.Collections.Immutable;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Options;
using Yarp.ReverseProxy.Forwarder;
using Sluice.Jobs;

namespace Sluice.Router;

/// <summary>
/// The router: listens on sockets that were opened for it, serves by the saved table at once, and takes new tables over its control socket.
/// Start opens the control socket first and reads the saved table second, so that no push falls between the two.
/// </summary>
internal sealed class RouterHost : IAsyncDisposable
{
    private readonly RouterLimits limits;
    private readonly DynoConnections dynos = new();
    private readonly LiveTable table;
    private readonly WebSockets sockets;
    private readonly OpenConnections open;
    private readonly Foyer foyer;
    private readonly UploadedCertificates uploaded;
    private readonly Challenges challenges = new();
    private readonly CancellationTokenSource stopping = new();
    private readonly WebApplication control;
    private readonly WebApplication front;
    private readonly Doors doors;
    private readonly TimeProvider clock;
    private readonly RequestCounts counts = new();
    private volatile bool draining;

    private RouterHost(DataFolder data, Site site, ImmutableArray<int> listening, ImmutableArray<int> companion, RouterLimits limits, TimeProvider clock)
    {
        // The request smuggler's friend: a line that ends in a bare LF is none.
        AppContext.SetSwitch("Microsoft.AspNetCore.Server.Kestrel.DisableHttp1LineFeedTerminators", true);
        this.limits = limits;
        this.clock = clock;
        table = new LiveTable(dynos);
        sockets = new WebSockets(limits);
        open = new OpenConnections(limits.PerAddress);
        foyer = new Foyer(limits);
        var saved = new SavedTable(data);
        uploaded = new UploadedCertificates(data);
        var lines = new RequestLines(clock);
        control = BuildControl(data.RouterSocket(Environment.ProcessId), new RouterControl(data, table, saved, uploaded, challenges, lines, counts, clock, stopping.Token));
        Saved = saved;
        Certificates = new Certificates(data, site, table, uploaded, clock);
        front = BuildFront(listening, companion, IsOurs(site), new Rendezvous(data, limits));
        doors = front.Services.GetRequiredService<Doors>();
        Answer(front, data, site, lines);
    }

    /// <summary>Connections that have not sent the head of their first request.</summary>
    public int Waiting => foyer.Count;

    private SavedTable Saved { get; }
    private Certificates Certificates { get; }

    /// <summary>Listens when it returns.</summary>
    /// <param name="sockets">Descriptors of listening sockets; this process owns its copies.</param>
    /// <param name="companion">The same for the <see cref="Companion"/>.</param>
    public static async Task<RouterHost> StartAsync(
        DataFolder data, Site site, ImmutableArray<int> sockets, ImmutableArray<int> companion, RouterLimits limits, TimeProvider clock, CancellationToken ct)
    {
        var host = new RouterHost(data, site, sockets, companion, limits, clock);
        File.Delete(data.RouterSocket(Environment.ProcessId));
        await host.control.StartAsync(ct);
        File.SetUnixFileMode(data.RouterSocket(Environment.ProcessId), UnixFileMode.UserRead | UnixFileMode.UserWrite);
        host.table.Replace(host.Saved.Load(), save: null);
        host.uploaded.Load();
        host.Certificates.Open();
        await host.front.StartAsync(ct);
        return host;
    }

    /// <summary>
    /// Leaves without losing a request: 1. stop accepting, connections untouched; 2. every answer says <c>Connection: close</c>; 3. wait until no connection
    /// is left, at most <see cref="RouterLimits.Drain"/>; 4. say good-bye on what WebSockets are left, and stop.
    /// </summary>
    public async Task DrainAsync(CancellationToken ct)
    {
        draining = true;
        await doors.CloseAsync();
        var end = clock.Monotonic + limits.Drain;
        while (open.Count > 0 && clock.Monotonic < end)
            await Task.Delay(TimeSpan.FromMilliseconds(10), clock, ct);
        await sockets.CloseAsync();
        await front.StopAsync(ct);
    }

    public async ValueTask DisposeAsync()
    {
        await front.DisposeAsync();
        await stopping.CancelAsync();
        await control.DisposeAsync();
        stopping.Dispose();
        dynos.Dispose();
        foyer.Dispose();
    }

    private void Answer(WebApplication app, DataFolder data, Site site, RequestLines lines)
    {
        var forwarder = app.Services.GetRequiredService<IHttpForwarder>();
        var apps = new AppProxy(table, lines, counts, sockets, limits, site.Port);
        var server = new ServerProxy(data, forwarder, limits);
        var own = site.OwnHosts.ToHashSet(StringComparer.OrdinalIgnoreCase);
        Func<bool> isDraining = () => draining;
        app.Run(http =>
        {
            if (draining)
                SayGoodbye(http);
            if (HeadRules.Refusal(http.Request) is { } refusal)
                return RefuseAsync(http, refusal);
            if (challenges.For(http.Request) is { } proof)
                return Challenges.AnswerAsync(http, proof);
            var now = clock.GetUtcNow();
            if (!own.Contains(http.Request.Host.Host) && !(Companion.IsOn(http.Features) && Companion.IsWired(http.Request.Host.Host.ToLowerInvariant())))
                return apps.HandleAsync(http, now, isDraining);
            if (HeadRules.BadHeader(http.Request) is { } bad)
                return RefuseAsync(http, bad);
            HeadRules.Rewrite(http, site.Port, now.ToUnixTimeMilliseconds());
            return server.HandleAsync(http, isDraining);
        });
    }

    private static Task RefuseAsync(HttpContext http, string why)
    {
        http.Response.Headers.Connection = "close";
        return ErrorPage.WriteAsync(http, 400, "400", why, "");
    }

    /// <summary>Hosts, with their port, that a tunnel may name because they are this Sluice: itself, and its apps.</summary>
    private Func<string, int, bool> IsOurs(Site site)
    {
        var own = site.OwnHosts.ToHashSet(StringComparer.OrdinalIgnoreCase);
        return (host, port) => (port == site.Port || port == site.PublicUrl.Port) && (own.Contains(host) || table.Find(host) is not null);
    }

    private static void SayGoodbye(HttpContext http)
    {
        if (HttpProtocol.IsHttp2(http.Request.Protocol))
            http.Features.Get<IConnectionLifetimeNotificationFeature>()?.RequestClose();
        else
            http.Response.Headers.Connection = "close";
    }

    private WebApplication BuildFront(ImmutableArray<int> sockets, ImmutableArray<int> companion, Func<string, int, bool> isOurs, Rendezvous rendezvous)
    {
        var builder = Empty();
        builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = null;
            kestrel.Limits.RequestHeadersTimeout = limits.Head;
            kestrel.Limits.MaxResponseBufferSize = RouterLimits.MostHere;
            kestrel.Limits.MaxRequestBufferSize = 2 * RouterLimits.MostHere;   // the longest head must fit in
            // A body may come as slowly as it likes, so long as something comes: Idle sees to that.
            kestrel.Limits.MinRequestBodyDataRate = null;
            kestrel.RequestHeaderEncodingSelector = HeaderReading.Of;
            // Bytes beyond ASCII go through as they are.
            kestrel.ResponseHeaderEncodingSelector = _ => System.Text.Encoding.Latin1;
            foreach (var socket in sockets)
                kestrel.ListenHandle((ulong)socket, listen => listen.UseTlsOrPlain(Certificates, open, foyer, rendezvous));
            foreach (var socket in companion)
            {
                kestrel.ListenHandle((ulong)socket, listen =>
                {
                    listen.UseTunnels(isOurs);
                    listen.UseTlsOrPlain(Certificates, open, foyer);
                });
            }
        });
        builder.Services.AddHttpForwarder();
        builder.Services.AddSingleton<System.Diagnostics.DiagnosticSource, Refusals>();
        // A buffer for each connection that waits (4 KB) saves a system call for each request.
        builder.Services.Configure<SocketTransportOptions>(transport =>
        {
            transport.WaitForDataBeforeAllocatingBuffer = false;
            transport.Backlog = RouterLimits.Backlog;
        });
        builder.Services.AddSingleton(services => new Doors(new SocketTransportFactory(
            services.GetRequiredService<IOptions<SocketTransportOptions>>(), services.GetRequiredService<ILoggerFactory>())));
        builder.Services.AddSingleton<IConnectionListenerFactory>(services => services.GetRequiredService<Doors>());
        return builder.Build();
    }

    private static WebApplication BuildControl(string socket, RouterControl answers)
    {
        var builder = Empty();
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.Limits.MaxRequestBodySize = null;
            kestrel.ListenUnixSocket(socket);
        });
        var app = builder.Build();
        app.Run(answers.HandleAsync);
        return app;
    }

    /// <summary>No configuration files, no environment, no middleware: the hot path is ours alone. Warnings and worse go to standard error.</summary>
    private static WebApplicationBuilder Empty()
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions { ContentRootPath = AppContext.BaseDirectory });
        builder.Logging.AddSimpleConsole(c => c.SingleLine = true).SetMinimumLevel(LogLevel.Warning)
            .AddFilter("Yarp", LogLevel.None).AddFilter("Microsoft.Hosting", LogLevel.None)
            // With this one on, each request would get an activity that nobody looks at.
            .AddFilter("Microsoft.AspNetCore.Hosting", LogLevel.None);
        return builder;
    }
}
