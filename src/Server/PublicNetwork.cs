using System.Net;
using System.Net.Sockets;

namespace Sluice;

/// <summary>
/// Which addresses the server may connect to for someone who names one. Since it stands where callers may not reach, that is the public network alone; checked
/// at the moment of connecting, on the very addresses that are connected to.
/// </summary>
internal static class PublicNetwork
{
    /// <summary>Neither this machine, nor a private or special network (RFC 6890), however it is written.</summary>
    public static bool Has(IPAddress address)
    {
        if (address.IsIPv4MappedToIPv6)
            address = address.MapToIPv4();
        if (Metadata.Any(network => network.Contains(address)))
            return false;
        if (address.AddressFamily == AddressFamily.InterNetwork)
            return !NotPublic.Any(network => network.Contains(address));
        // Of IPv6 only global unicast, without the prefixes that carry an IPv4 address inside.
        return GlobalV6.Contains(address) && !NotPublicV6.Any(network => network.Contains(address));
    }

    /// <summary>The public network, this machine and private networks; never the link's own and those others where clouds tell their secrets.</summary>
    public static bool HasOrPrivate(IPAddress address)
    {
        if (address.IsIPv4MappedToIPv6)
            address = address.MapToIPv4();
        return (Has(address) || Private.Any(network => network.Contains(address))) && !Metadata.Any(network => network.Contains(address));
    }

    /// <summary>Connects to a host all of whose addresses are allowed; null when one is not, or there is none.</summary>
    /// <exception cref="SocketException">Nobody answers, or the name is not known.</exception>
    /// <param name="resolve">For tests: what a name leads to, in place of the machine's name servers.</param>
    public static async Task<Socket?> ConnectAsync(DnsEndPoint to, Func<IPAddress, bool> mayConnect, CancellationToken ct, Func<string, IPAddress[]>? resolve = null)
    {
        // Asked once: the next answer to the same question may be another.
        var addresses = resolve?.Invoke(to.Host) ?? await Dns.GetHostAddressesAsync(to.Host, ct);
        if (addresses.Length == 0 || !addresses.All(mayConnect))
            return null;
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(addresses, to.Port, ct);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private static readonly IPNetwork GlobalV6 = IPNetwork.Parse("2000::/3");

    private static readonly IPNetwork[] NotPublicV6 = Networks("2001::/32", "2002::/16", "2001:db8::/32");

    private static readonly IPNetwork[] Private = Networks("10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "::1/128", "fc00::/7");

    /// <summary>Of AWS, Google, Alibaba and Oracle inside private networks, and of Azure on a public address.</summary>
    private static readonly IPNetwork[] Metadata = Networks("169.254.0.0/16", "100.100.100.200/32", "192.0.0.192/32", "168.63.129.16/32", "fd00:ec2::/32", "fd20:ce::254/128");

    private static readonly IPNetwork[] NotPublic = Networks(
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24",
        "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/3");

    private static IPNetwork[] Networks(params string[] networks) => [.. networks.Select(n => IPNetwork.Parse(n))];
}
