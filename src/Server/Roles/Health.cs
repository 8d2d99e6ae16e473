using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Sluice.Roles;

/// <summary>Asks our own port for <c>/healthz</c>, as a visitor would. By hand: the supervisor stays small without an HTTP client.</summary>
internal sealed class Health(int port)
{
    public async Task<bool> IsGoodAsync(CancellationToken ct)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        var answer = new byte[64];
        var length = 0;
        try
        {
            await socket.ConnectAsync(new IPEndPoint(IPAddress.Loopback, port), ct);
            await socket.SendAsync("GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"u8.ToArray(), ct);
            while (length < answer.Length && await socket.ReceiveAsync(answer.AsMemory(length), ct) is var count and > 0)
                length += count;
        }
        catch (SocketException)
        {
            return false;
        }
        return Encoding.ASCII.GetString(answer, 0, length).StartsWith("HTTP/1.1 200 ", StringComparison.Ordinal);
    }
}
