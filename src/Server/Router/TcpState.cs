using System.Buffers.Binary;
using System.Net.Sockets;

namespace Sluice.Router;

/// <summary>What the kernel knows of a connection (<c>tcp_info</c> of <c>linux/tcp.h</c>).</summary>
/// <param name="IsClosed">Both sides are through with it: after a reset, above all.</param>
/// <param name="Acknowledged">Bytes of ours that have reached the other side's kernel.</param>
internal readonly record struct TcpState(bool IsClosed, long Acknowledged)
{
    private const int Tcp = 6, Info = 11, Closed = 7, BytesAcknowledged = 120, Size = 128;

    /// <summary>Throws <see cref="ObjectDisposedException"/> for a socket that was closed here.</summary>
    public static TcpState Of(Socket socket)
    {
        Span<byte> info = stackalloc byte[Size];
        var length = socket.GetRawSocketOption(Tcp, Info, info);
        // The first one that is acknowledged is the connection's opening, which is no byte of ours.
        return new TcpState(info[0] == Closed, length < Size ? long.MaxValue : (long)BinaryPrimitives.ReadUInt64LittleEndian(info[BytesAcknowledged..]) - 1);
    }
}
