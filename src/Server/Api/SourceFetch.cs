using System.Net;
using System.Net.Sockets;

namespace Sluice.Api;

/// <summary>
/// Fetches a source tarball from an address that a caller names. Since the server stands where callers may not reach, it connects only to
/// addresses of the public network, checked at the moment of connecting and again after each redirect.
/// </summary>
internal sealed class SourceFetch : IDisposable
{
    private const int MaxRedirects = 3;
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(10);

    private readonly HttpClient http;

    public SourceFetch()
        : this(IsPublic)
    {
    }

    /// <param name="mayConnect">For tests: which addresses may be connected to.</param>
    internal SourceFetch(Func<IPAddress, bool> mayConnect) => http = new HttpClient(new SocketsHttpHandler
    {
        UseProxy = false,
        UseCookies = false,
        MaxAutomaticRedirections = MaxRedirects,
        ConnectTimeout = TimeSpan.FromSeconds(10),
        PooledConnectionLifetime = TimeSpan.Zero,
        ConnectCallback = (context, ct) => ConnectAsync(context.DnsEndPoint, mayConnect, ct),
    })
    { Timeout = Limit };

    /// <summary>Throws a refusal with the reason when it cannot be had.</summary>
    public async Task FetchAsync(string url, Func<Stream, Task> receive, CancellationToken ct)
    {
        if (!Uri.TryCreate(url, UriKind.Absolute, out var uri) || uri.Scheme is not ("http" or "https") || uri.UserInfo.Length > 0)
            throw Refuse.Invalid("source_blob.url must be an http or https address without a password.");
        try
        {
            using var answer = await http.GetAsync(uri, HttpCompletionOption.ResponseHeadersRead, ct);
            if (!answer.IsSuccessStatusCode)
                throw Refuse.Invalid($"The source could not be fetched: {uri.Host} answered {(int)answer.StatusCode}.");
            await receive(await answer.Content.ReadAsStreamAsync(ct));
        }
        catch (HttpRequestException)
        {
            // One sentence for a host that there is not, one that does not answer and one that may not be asked: else callers learn what names this machine knows.
            throw Refuse.Invalid($"The source could not be fetched: {uri.Host} cannot be reached on the public network. Upload it with POST /sources.");
        }
        catch (TaskCanceledException) when (!ct.IsCancellationRequested)
        {
            throw Refuse.Invalid($"The source could not be fetched within {Limit.TotalMinutes} minutes.");
        }
    }

    public void Dispose() => http.Dispose();

    private static async ValueTask<Stream> ConnectAsync(DnsEndPoint to, Func<IPAddress, bool> mayConnect, CancellationToken ct)
    {
        var addresses = await Dns.GetHostAddressesAsync(to.Host, ct);
        if (addresses.Length == 0 || !addresses.All(mayConnect))
            throw new HttpRequestException($"{to.Host} is not on the public network.");
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(addresses, to.Port, ct);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>Neither this machine, nor a private or special network (RFC 6890), however it is written.</summary>
    internal static bool IsPublic(IPAddress address)
    {
        if (address.IsIPv4MappedToIPv6)
            address = address.MapToIPv4();
        if (address.AddressFamily == AddressFamily.InterNetwork)
            return !NotPublic.Any(network => network.Contains(address));
        // Of IPv6 only global unicast, without the prefixes that carry an IPv4 address inside.
        return GlobalV6.Contains(address) && !NotPublicV6.Any(network => network.Contains(address));
    }

    private static readonly IPNetwork GlobalV6 = IPNetwork.Parse("2000::/3");

    private static readonly IPNetwork[] NotPublicV6 = [.. new[] { "2001::/32", "2002::/16", "2001:db8::/32" }.Select(n => IPNetwork.Parse(n))];

    private static readonly IPNetwork[] NotPublic =
    [
        .. new[]
        {
            "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24",
            "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/3",
        }.Select(n => IPNetwork.Parse(n)),
    ];
}
