using System.Collections.Immutable;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Sluice.Roles;
using Sluice.Router;
using Sluice.Tests.Storage;

namespace Sluice.Tests.Router;

/// <summary>A real router on a free port over a data folder of its own, with clients that can say anything.</summary>
internal sealed class RouterUnderTest : IAsyncDisposable
{
    private readonly TempFolder folder;
    private readonly RouterHost host;
    private readonly Socket listening;
    private readonly Socket companion;
    private long number;

    private RouterUnderTest(TempFolder folder, RouterHost host, Socket listening, Socket companion)
    {
        (this.folder, this.host, this.listening, this.companion) = (folder, host, listening, companion);
        Data = new DataFolder(folder.Path);
        Client = new RouterClient(Data);
    }

    public DataFolder Data { get; }
    public RouterClient Client { get; }
    public RouterHost Host => host;
    public int CompanionPort => ((IPEndPoint)companion.LocalEndPoint!).Port;
    public int Port => ((IPEndPoint)listening.LocalEndPoint!).Port;

    public static async Task<RouterUnderTest> StartAsync(RouterLimits? limits = null, Action<DataFolder>? before = null, TimeProvider? clock = null)
    {
        var folder = new TempFolder();
        var data = new DataFolder(folder.Path);
        Directory.CreateDirectory(data.Run);
        before?.Invoke(data);
        var listening = PortSockets.Open(0, null)[0];
        var companion = PortSockets.OpenCompanion(0);
        var site = new Site { Port = ((IPEndPoint)listening.LocalEndPoint!).Port, Domain = "localhost", PublicUrl = new Uri("http://sluice.example:80") };
        // A copy for the router, as a spawned process would have it.
        var host = await RouterHost.StartAsync(data, site, [Descriptors.Duplicate(listening)], [Descriptors.Duplicate(companion)], limits ?? new RouterLimits(), clock ?? TimeProvider.System, CancellationToken.None);
        return new RouterUnderTest(folder, host, listening, companion);
    }

    /// <summary>One app <c>shop</c> at <c>shop.localhost</c>.</summary>
    public async Task<AppId> RouteAsync(params Target[] targets) => await RouteAsync(r => r with { Targets = [.. targets] });

    public async Task<AppId> RouteAsync(Func<Route, Route> change)
    {
        var route = change(Route());
        await Client.PushAsync(new RouteTable(++number, [route]), CancellationToken.None);
        return route.App;
    }

    public static Route Route() => new() { App = AppId.New(), Name = "shop", Hosts = ["shop.localhost"], Targets = [] };

    /// <summary>A client that connects here whatever the host name.</summary>
    public HttpClient Http() => new(new SocketsHttpHandler
    {
        AllowAutoRedirect = false,
        UseProxy = false,
        ConnectCallback = async (_, ct) =>
        {
            var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            await socket.ConnectAsync(IPAddress.Loopback, Port, ct);
            return new NetworkStream(socket, ownsSocket: true);
        },
    })
    { Timeout = TimeSpan.FromSeconds(20) };

    /// <summary>Connects here whatever the name, and trusts the router's own authority alone.</summary>
    public SocketsHttpHandler TlsHandler() => new()
    {
        UseProxy = false,
        SslOptions = new SslClientAuthenticationOptions
        {
            CertificateChainPolicy = new X509ChainPolicy
            {
                TrustMode = X509ChainTrustMode.CustomRootTrust,
                RevocationMode = X509RevocationMode.NoCheck,
                CustomTrustStore = { X509CertificateLoader.LoadCertificateFromFile(Data.CertificateAuthority) },
            },
        },
        ConnectCallback = async (_, ct) =>
        {
            var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            await socket.ConnectAsync(IPAddress.Loopback, Port, ct);
            return new NetworkStream(socket, ownsSocket: true);
        },
    };

    /// <summary>A connection on which nothing was said yet.</summary>
    public async Task<Stream> PlainAsync()
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(IPAddress.Loopback, Port);
        return new NetworkStream(socket, ownsSocket: true);
    }

    /// <summary>The same after a handshake for this name.</summary>
    public async Task<Stream> TlsAsync(string host)
    {
        var tls = new SslStream(await PlainAsync());
        var options = TlsHandler().SslOptions;
        options.TargetHost = host;
        await tls.AuthenticateAsClientAsync(options);
        return tls;
    }

    /// <summary>Sends exactly these bytes and answers all that comes back until the router closes, or says nothing more for a second (or as long as told).</summary>
    public async Task<string> RawAsync(string text, TimeSpan? quiet = null)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, Port);
        var stream = client.GetStream();
        await stream.WriteAsync(Encoding.Latin1.GetBytes(text));
        var answer = new StringBuilder();
        var buffer = new byte[8192];
        while (true)
        {
            using var enough = new CancellationTokenSource(quiet ?? TimeSpan.FromSeconds(1));
            try
            {
                var count = await stream.ReadAsync(buffer, enough.Token);
                if (count == 0)
                    break;
                answer.Append(Encoding.Latin1.GetString(buffer, 0, count));
            }
            catch (Exception e) when (e is OperationCanceledException or IOException)
            {
                break;
            }
        }
        return answer.ToString();
    }

    /// <summary>The next line in the router's log.</summary>
    public async Task<RouterLine> LineAsync()
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(10));
        await foreach (var line in Client.LinesAsync(limit.Token))
            return line;
        throw new InvalidOperationException("The router has no line.");
    }

    public async ValueTask DisposeAsync()
    {
        await host.DisposeAsync();
        listening.Dispose();
        companion.Dispose();
        folder.Dispose();
    }
}
