using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Threading.Channels;

namespace Sluice.Tests.Drains;

/// <summary>A syslog server on loopback: reads frames by their count of bytes, over TCP or TLS, and can hang up or be away.</summary>
internal sealed class SyslogSink : IAsyncDisposable
{
    private readonly Channel<string> messages = Channel.CreateUnbounded<string>();
    private readonly CancellationTokenSource stop = new();
    private readonly X509Certificate2? certificate;
    private readonly List<TcpClient> clients = [];
    private readonly List<string> taken = [];
    private TcpListener listener;
    private Task accepting;

    public SyslogSink(X509Certificate2? certificate = null)
    {
        this.certificate = certificate;
        listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        Port = ((IPEndPoint)listener.LocalEndpoint).Port;
        accepting = AcceptAsync(listener);
    }

    public int Port { get; }

    /// <summary>The next message; each bounded in time.</summary>
    public async Task<string> NextAsync()
    {
        try
        {
            var message = await messages.Reader.ReadAsync(TestContext.Current.CancellationToken).AsTask().WaitAsync(TimeSpan.FromSeconds(60));
            taken.Add(message);
            return message;
        }
        catch (TimeoutException e)
        {
            throw new TimeoutException($"No further message within 60 s; before:\n{string.Join('\n', taken)}", e);
        }
    }

    /// <summary>Reads until one ends so.</summary>
    public async Task<string> UntilAsync(string end)
    {
        while (true)
        {
            if (await NextAsync() is { } message && message.EndsWith(end, StringComparison.Ordinal))
                return message;
        }
    }

    /// <summary>Ends every connection and takes no more until <see cref="Return"/>.</summary>
    public async Task LeaveAsync()
    {
        listener.Stop();
        await accepting;
        HangUp();
    }

    public void Return()
    {
        listener = new TcpListener(IPAddress.Loopback, Port);
        listener.Start();
        accepting = AcceptAsync(listener);
    }

    public void HangUp()
    {
        lock (clients)
        {
            clients.ForEach(client => client.Dispose());
            clients.Clear();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        await LeaveAsync();
        stop.Dispose();
    }

    /// <summary>An authority and a certificate of it for localhost.</summary>
    public static (X509Certificate2 Authority, X509Certificate2 Leaf) Certificates()
    {
        using var rootKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var leafKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var (from, to) = (DateTimeOffset.UtcNow - TimeSpan.FromHours(1), DateTimeOffset.UtcNow + TimeSpan.FromHours(1));
        var root = new CertificateRequest("CN=Test authority", rootKey, HashAlgorithmName.SHA256);
        root.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, false, 0, critical: true));
        var authority = root.CreateSelfSigned(from, to);
        var leaf = new CertificateRequest("CN=localhost", leafKey, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName("localhost");
        leaf.CertificateExtensions.Add(names.Build());
        using var signed = leaf.Create(authority, from, to, [1, 2, 3]);
        return (authority, signed.CopyWithPrivateKey(leafKey));
    }

    private async Task AcceptAsync(TcpListener here)
    {
        try
        {
            while (true)
            {
                var client = await here.AcceptTcpClientAsync(stop.Token);
                lock (clients)
                    clients.Add(client);
                _ = ReadAsync(client);
            }
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException or ObjectDisposedException or InvalidOperationException)
        {
            // Stopped, while it waited or between two of them.
        }
    }

    private async Task ReadAsync(TcpClient client)
    {
        try
        {
            Stream stream = client.GetStream();
            if (certificate is not null)
            {
                var secure = new SslStream(stream);
                await secure.AuthenticateAsServerAsync(certificate);
                stream = secure;
            }
            while (await CountAsync(stream) is { } count)
            {
                var message = new byte[count];
                await stream.ReadExactlyAsync(message, stop.Token);
                messages.Writer.TryWrite(Encoding.UTF8.GetString(message));
            }
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or ObjectDisposedException or System.Security.Authentication.AuthenticationException)
        {
            // The connection is over.
        }
    }

    private async Task<int?> CountAsync(Stream stream)
    {
        var digits = "";
        var one = new byte[1];
        while (await stream.ReadAsync(one, stop.Token) == 1)
        {
            if (one[0] == ' ')
                return int.Parse(digits, System.Globalization.CultureInfo.InvariantCulture);
            digits += (char)one[0];
        }
        return null;
    }
}
