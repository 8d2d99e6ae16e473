using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;

namespace Sluice.Drains;

/// <summary>What a drain did not take, as a sentence without its secrets.</summary>
/// <param name="isRefused">The receiver said no to these very lines: sending them again changes nothing.</param>
internal sealed class DrainTroubleException(string message, bool isRefused = false) : Exception(message)
{
    public bool IsRefused { get; } = isRefused;
}

/// <summary>The way to receivers: only to addresses that drains may lead to, checked when it connects; TLS is verified.</summary>
internal sealed class DrainNetwork : IDisposable
{
    public static readonly TimeSpan ConnectWithin = TimeSpan.FromSeconds(10), SendWithin = TimeSpan.FromSeconds(15);

    private readonly bool allowsPrivate;
    private readonly X509Certificate2Collection? roots;

    /// <param name="roots">For tests: authorities to trust in place of the machine's.</param>
    public DrainNetwork(bool allowsPrivate, X509Certificate2Collection? roots = null)
    {
        (this.allowsPrivate, this.roots) = (allowsPrivate, roots);
        Http = new HttpClient(new SocketsHttpHandler
        {
            UseProxy = false,
            UseCookies = false,
            AllowAutoRedirect = false,
            ConnectTimeout = ConnectWithin,
            PooledConnectionLifetime = TimeSpan.FromMinutes(10),
            MaxResponseHeadersLength = 16,
            SslOptions = Tls(null),
            ConnectCallback = async (context, ct) => await ConnectAsync(context.DnsEndPoint, ct),
        })
        { Timeout = SendWithin };
    }

    public HttpClient Http { get; }

    /// <exception cref="DrainTroubleException">It may not be connected to.</exception>
    public async Task<NetworkStream> ConnectAsync(DnsEndPoint to, CancellationToken ct)
    {
        var socket = await PublicNetwork.ConnectAsync(to, allowsPrivate ? PublicNetwork.HasOrPrivate : PublicNetwork.Has, ct)
            ?? throw new DrainTroubleException($"{to.Host} is not on a network that drains may lead to.");
        socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true);
        return new NetworkStream(socket, ownsSocket: true);
    }

    public async Task<Stream> SecureAsync(Stream plain, string host, CancellationToken ct)
    {
        var secure = new SslStream(plain);
        await secure.AuthenticateAsClientAsync(Tls(host), ct);
        return secure;
    }

    /// <summary>What happened, for people. Names the place alone.</summary>
    public static string Sentence(DrainAddress to, Exception trouble) => trouble switch
    {
        DrainTroubleException { Message: var said } => said,
        HttpRequestException { InnerException: { } inner } => Sentence(to, inner),
        AuthenticationException => $"{to.Place} shows no certificate that is trusted for {to.Host}.",
        SocketException { SocketErrorCode: SocketError.HostNotFound or SocketError.TryAgain or SocketError.NoData } => $"There is no host {to.Host}.",
        SocketException { SocketErrorCode: SocketError.ConnectionRefused } => $"{to.Place} refused the connection.",
        OperationCanceledException => $"{to.Place} did not take lines in time.",
        _ => $"{to.Place} cannot be reached.",
    };

    public void Dispose() => Http.Dispose();

    private SslClientAuthenticationOptions Tls(string? host)
    {
        var options = new SslClientAuthenticationOptions { TargetHost = host };
        if (roots is not null)
        {
            options.CertificateChainPolicy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
            options.CertificateChainPolicy.CustomTrustStore.AddRange(roots);
        }
        return options;
    }
}
