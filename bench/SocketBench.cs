using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using Sluice.Soak;

namespace Sluice.Bench;

/// <summary>What one router process holds in memory with 2,000 WebSockets open on which nothing is said.</summary>
internal static class SocketBench
{
    private const int Sockets = 2_000;
    private const string Host = "bench.localhost", Accepts = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    private static readonly TimeSpan Rest = TimeSpan.FromSeconds(5);

    public static async Task<IReadOnlyList<Row>> RunAsync(CancellationToken ct)
    {
        using var dyno = new TcpListener(IPAddress.Loopback, 0);
        dyno.Start(512);
        var serving = ServeAsync(dyno, ct);
        await using var router = await LoneRouter.StartAsync(Host, ((IPEndPoint)dyno.LocalEndpoint).Port, ct);
        var open = new List<TcpClient>();
        for (var i = 0; i < Sockets; i++)
            open.Add(await OpenAsync(router.Port, ct));
        await Task.Delay(Rest, ct);
        var memory = Memory.PssMb(router.Pid);
        foreach (var client in open)
            client.Dispose();
        return [Row.AtMost($"router with {Sockets:#,0} idle WebSockets (PSS)", memory, 120, "MB")];
    }

    private static async Task<TcpClient> OpenAsync(int port, CancellationToken ct)
    {
        var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, port, ct);
        var key = Convert.ToBase64String(RandomNumberGenerator.GetBytes(16));
        await client.GetStream().WriteAsync(
            Encoding.ASCII.GetBytes($"GET / HTTP/1.1\r\nHost: {Host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\r\n"), ct);
        var head = Encoding.ASCII.GetString(await new ByteReader(client.GetStream()).ReadHeadAsync(8192) ?? []);
        return head.StartsWith("HTTP/1.1 101", StringComparison.Ordinal) ? client : throw new IOException($"The router answered a WebSocket with {head}");
    }

    private static async Task ServeAsync(TcpListener listener, CancellationToken ct)
    {
        try
        {
            while (true)
                _ = AnswerAsync(await listener.AcceptTcpClientAsync(ct));
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException or OperationCanceledException)
        {
            // Measured.
        }
    }

    [SuppressMessage("Security", "CA5350:Do not use weak cryptographic algorithms", Justification = "RFC 6455 asks for SHA-1; nothing rests on it.")]
    private static async Task AnswerAsync(TcpClient client)
    {
        using var connection = client;
        var input = new ByteReader(client.GetStream());
        while (await input.ReadHeadAsync(8192) is { } bytes)
        {
            var key = Encoding.ASCII.GetString(bytes).Split("\r\n").FirstOrDefault(l => l.StartsWith("Sec-WebSocket-Key:", StringComparison.OrdinalIgnoreCase))?[18..].Trim();
            var answer = key is null
                ? "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
                : $"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: {Convert.ToBase64String(SHA1.HashData(Encoding.ASCII.GetBytes(key + Accepts)))}\r\n\r\n";
            await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes(answer));
        }
    }
}
