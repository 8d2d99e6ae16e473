using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace Sluice.Router;

/// <summary>
/// How many connections are open, so that a router that was replaced knows when it may go; and how many from each address, so that one visitor cannot
/// take them all. This machine itself is not limited: a proxy in front brings everybody's.
/// </summary>
internal sealed class OpenConnections(int perAddress)
{
    private readonly ConcurrentDictionary<UInt128, int> byAddress = new();
    private int count;

    public int Count => Volatile.Read(ref count);

    /// <summary>Dispose it when the connection ends.</summary>
    public Entered Enter(EndPoint? from)
    {
        Interlocked.Increment(ref count);
        if (from is not IPEndPoint { Address: var address } || IsThisMachine(address))
            return new Entered(this, null, true);
        var key = KeyOf(address);
        return new Entered(this, key, byAddress.AddOrUpdate(key, 1, (_, open) => open + 1) <= perAddress);
    }

    /// <summary>One who has 64 bits of addresses to choose from is one all the same.</summary>
    internal static UInt128 KeyOf(IPAddress address)
    {
        Span<byte> bytes = stackalloc byte[16];
        bytes.Clear();
        (address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address).TryWriteBytes(bytes, out _);
        if (address is { AddressFamily: AddressFamily.InterNetworkV6, IsIPv4MappedToIPv6: false })
            bytes[8..].Clear();
        return System.Buffers.Binary.BinaryPrimitives.ReadUInt128BigEndian(bytes);
    }

    private static bool IsThisMachine(IPAddress address) =>
        address.Equals(IPAddress.Loopback) || address.Equals(IPAddress.IPv6Loopback) || (address.IsIPv4MappedToIPv6 && address.MapToIPv4().Equals(IPAddress.Loopback));

    private void Leave(UInt128? key)
    {
        Interlocked.Decrement(ref count);
        if (key is { } address && byAddress.AddOrUpdate(address, 0, (_, open) => open - 1) <= 0)
            byAddress.TryRemove(new KeyValuePair<UInt128, int>(address, 0));
    }

    public readonly struct Entered(OpenConnections open, UInt128? key, bool isWelcome) : IDisposable
    {
        /// <summary>False: there are too many from there already.</summary>
        public bool IsWelcome { get; } = isWelcome;

        public void Dispose() => open.Leave(key);
    }
}
