using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using Sluice.Router;

namespace Sluice.Roles;

/// <summary>The sockets of the one port. The supervisor opens them once and keeps them for ever; routers inherit them and come and go.</summary>
internal static class PortSockets
{
    /// <summary><c>TCP_NOTSENT_LOWAT</c> of <c>linux/tcp.h</c>: how much may wait that is not on its way yet. What is on its way to a far visitor is not limited by it.</summary>
    private const int NotSentLowWater = 25;

    /// <summary>All on the same port; port 0 takes a free one. Throws <see cref="UsageException"/> when the port is taken or an address is not ours.</summary>
    public static ImmutableArray<Socket> Open(int port, IPAddress? bind)
    {
        var open = new List<Socket>();
        try
        {
            foreach (var address in Addresses(bind))
            {
                if (TryListen(address, port) is not { } socket)
                    continue;
                open.Add(socket);
                port = ((IPEndPoint)socket.LocalEndPoint!).Port;
            }
            return open.Count > 0 ? [.. open] : throw new UsageException("This machine has no loopback address to listen on.");
        }
        catch
        {
            open.ForEach(s => s.Dispose());
            throw;
        }
    }

    /// <summary>The companion proxy's socket, on loopback alone: at the port that it had before, so that shells that know it stay right, else at a free one.</summary>
    public static Socket OpenCompanion(int before)
    {
        try
        {
            return TryListen(IPAddress.Loopback, before) ?? throw new UsageException("This machine has no loopback address to listen on.");
        }
        catch (UsageException) when (before != 0)
        {
            return OpenCompanion(0);
        }
    }

    private static IEnumerable<IPAddress> Addresses(IPAddress? bind) =>
        new[] { IPAddress.Loopback, IPAddress.IPv6Loopback }
            .Where(loopback => bind is null || bind.AddressFamily != loopback.AddressFamily || !(bind.Equals(IPAddress.Any) || bind.Equals(IPAddress.IPv6Any)))
            .Concat(bind is null ? [] : [bind]).Distinct();

    /// <summary>Null when this machine has no such loopback address (IPv6 switched off).</summary>
    private static Socket? TryListen(IPAddress address, int port)
    {
        Socket? socket = null;
        try
        {
            socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
            if (address.AddressFamily == AddressFamily.InterNetworkV6)
                socket.DualMode = false;
            // Each connection has it from here.
            socket.SetRawSocketOption((int)ProtocolType.Tcp, NotSentLowWater, BitConverter.GetBytes(RouterLimits.MostAhead));
            socket.Bind(new IPEndPoint(address, port));
            socket.Listen(RouterLimits.Backlog);
            return socket;
        }
        catch (SocketException e)
        {
            socket?.Dispose();
            return e.SocketErrorCode switch
            {
                SocketError.AddressAlreadyInUse => throw new UsageException(
                    $"Port {port} is in use on {address}: stop what uses it, or choose another with --port."),
                SocketError.AccessDenied => throw new UsageException($"Port {port} may be opened by root only: choose one above 1023 with --port."),
                SocketError.AddressNotAvailable or SocketError.AddressFamilyNotSupported when IPAddress.IsLoopback(address) => null,
                _ => throw new UsageException($"Sluice cannot listen on {address} port {port}: {e.Message}."),
            };
        }
    }
}
