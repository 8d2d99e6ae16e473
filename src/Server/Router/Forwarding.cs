using System.Collections.Immutable;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using Yarp.ReverseProxy.Forwarder;

namespace Sluice.Router;

/// <summary>
/// A server elsewhere, on a loopback port of this machine: TLS or plain here by an authority of this folder's own, verified TLS on the way. With a companion beside
/// it. Only what names this machine, or a host that the Heroku CLI has wired in, goes on; and only to that server.
/// </summary>
internal sealed class Forwarding : IAsyncDisposable
{
    private readonly WebApplication front;
    private readonly Certificates certificates;
    private readonly Foyer foyer = new(new RouterLimits());

    /// <param name="data">Its authority is made here.</param>
    /// <param name="site">What it is called on this machine.</param>
    /// <param name="trusted">The authority of the server's certificate; null for those that the machine trusts.</param>
    public Forwarding(DataFolder data, Site site, ImmutableArray<Socket> sockets, Socket companion, Uri server, X509Certificate2? trusted, TimeProvider clock)
    {
        certificates = new Certificates(data, site, new LiveTable(new DynoConnections()), uploaded: null, clock);
        var open = new OpenConnections(int.MaxValue);
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions { ContentRootPath = AppContext.BaseDirectory });
        builder.Logging.AddSimpleConsole(c => c.SingleLine = true).SetMinimumLevel(LogLevel.Warning).AddFilter("Yarp", LogLevel.None).AddFilter("Microsoft.Hosting", LogLevel.None);
        builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = null;
            kestrel.Limits.MinRequestBodyDataRate = null;
            kestrel.Limits.MinResponseDataRate = null;
            foreach (var socket in sockets)
                kestrel.ListenHandle((ulong)socket.Handle, listen => listen.UseTlsOrPlain(certificates, open, foyer));
            kestrel.ListenHandle((ulong)companion.Handle, listen =>
            {
                listen.UseTunnels((host, port) => port == site.Port && site.OwnHosts.Contains(host));
                listen.UseTlsOrPlain(certificates, open, foyer);
            });
        });
        builder.Services.AddHttpForwarder();
        front = builder.Build();
        Answer(site, server, trusted);
    }

    public async Task StartAsync(CancellationToken ct)
    {
        certificates.Open();
        await front.StartAsync(ct);
    }

    public async ValueTask DisposeAsync()
    {
        await front.DisposeAsync();
        foyer.Dispose();
    }

    private void Answer(Site site, Uri server, X509Certificate2? trusted)
    {
        var forwarder = front.Services.GetRequiredService<IHttpForwarder>();
        var invoker = new HttpMessageInvoker(new FlushingUploads(new SocketsHttpHandler
        {
            UseProxy = false, // the shell's may be our own companion
            AllowAutoRedirect = false,
            UseCookies = false,
            AutomaticDecompression = System.Net.DecompressionMethods.None,
            ActivityHeadersPropagator = null,
            ConnectTimeout = TimeSpan.FromSeconds(10),
            SslOptions = new SslClientAuthenticationOptions { CertificateChainPolicy = PolicyOf(trusted) },
        }));
        var config = new ForwarderRequestConfig { Version = System.Net.HttpVersion.Version11, VersionPolicy = HttpVersionPolicy.RequestVersionExact, ActivityTimeout = TimeSpan.FromDays(1) };
        var (prefix, head) = (server.GetLeftPart(UriPartial.Authority), new ServersOwnName());
        front.Run(async http =>
        {
            var host = http.Request.Host.Host.ToLowerInvariant();
            if (HeadRules.Refusal(http.Request) is not null || !(site.OwnHosts.Contains(host) || (Companion.IsOn(http.Features) && Companion.IsWired(host))))
            {
                await ErrorPage.WriteAsync(http, 404, "404", "Nothing here has that name.", "");
                return;
            }
            if (await forwarder.SendAsync(http, prefix, invoker, config, head, http.RequestAborted) != ForwarderError.None && !http.Response.HasStarted)
                await ErrorPage.WriteAsync(http, 502, "502", $"{prefix} cannot be reached.", "It is away, or its certificate is not trusted here: name its authority with --ca FILE.");
        });
    }

    private static X509ChainPolicy? PolicyOf(X509Certificate2? trusted) => trusted is null ? null : new X509ChainPolicy
    {
        TrustMode = X509ChainTrustMode.CustomRootTrust,
        CustomTrustStore = { trusted },
        RevocationMode = X509RevocationMode.NoCheck,
    };

    /// <summary>The path as it was sent; the host is the server's, which knows no other.</summary>
    private sealed class ServersOwnName : HttpTransformer
    {
        private static readonly UriCreationOptions AsSent = new() { DangerousDisablePathAndQueryCanonicalization = true };

        public override async ValueTask TransformRequestAsync(HttpContext httpContext, HttpRequestMessage proxyRequest, string destinationPrefix, CancellationToken cancellationToken)
        {
            await base.TransformRequestAsync(httpContext, proxyRequest, destinationPrefix, cancellationToken);
            proxyRequest.RequestUri = new Uri(destinationPrefix + HeadRules.RawTarget(httpContext), AsSent);
            proxyRequest.Headers.Host = null;
        }

        public override async ValueTask<bool> TransformResponseAsync(HttpContext httpContext, HttpResponseMessage? proxyResponse, CancellationToken cancellationToken)
        {
            var copy = await base.TransformResponseAsync(httpContext, proxyResponse, cancellationToken);
            if (proxyResponse is not null)
                await Exchange.PassHeadAsync(httpContext, proxyResponse, cancellationToken);
            return copy;
        }
    }
}
