using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Sluice.Roles;

/// <summary>Asks our own port for <c>/healthz</c>, as a visitor would. By hand: the supervisor stays small without an HTTP client.</summary>
internal sealed class Health(int port)
{
    public async Task<bool> IsGoodAsync(CancellationToken ct)
    {
        try
        {
            return (await AskAsync(new IPEndPoint(IPAddress.Loopback, port), "/healthz", ct)).StartsWith("HTTP/1.1 200 ", StringComparison.Ordinal);
        }
        catch (SocketException)
        {
            return false;
        }
    }

    /// <summary>How the answer begins, at most 64 characters; empty when whoever listens hung up without a word. Throws <see cref="SocketException"/> when nobody
    /// listens. Waits as long as it takes.</summary>
    public static async Task<string> AskAsync(EndPoint at, string path, CancellationToken ct)
    {
        using var socket = new Socket(at.AddressFamily, SocketType.Stream, at is UnixDomainSocketEndPoint ? ProtocolType.Unspecified : ProtocolType.Tcp);
        var answer = new byte[64];
        var length = 0;
        await socket.ConnectAsync(at, ct);
        await socket.SendAsync(Encoding.ASCII.GetBytes($"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"), ct);
        while (length < answer.Length && await socket.ReceiveAsync(answer.AsMemory(length), ct) is var count and > 0)
            length += count;
        return Encoding.ASCII.GetString(answer, 0, length);
    }
}
