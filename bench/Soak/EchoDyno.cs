using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Sluice.Soak;

/// <summary>
/// A dyno that reads HTTP as strictly as it can be read, and answers with what it was asked: <c>«target»</c>. Whatever a router should never have let through,
/// or did not frame itself, is a fault.
/// </summary>
internal sealed class EchoDyno : IAsyncDisposable
{
    /// <summary>A target that answers with megabytes.</summary>
    public const string Big = "/big";

    private const int MostHead = 64 * 1024, BigBytes = 8 * 1024 * 1024;
    private static readonly byte[] Filler = new byte[BigBytes];
    private readonly TcpListener listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource closing = new();
    private readonly ConcurrentQueue<string> faults = new();
    private int requests;

    public EchoDyno()
    {
        listener.Start(1024);
        _ = AcceptAsync();
    }

    public int Port => ((IPEndPoint)listener.LocalEndpoint).Port;

    /// <summary>Those that were read whole.</summary>
    public int Requests => Volatile.Read(ref requests);

    public IReadOnlyCollection<string> Faults => faults;

    public async ValueTask DisposeAsync()
    {
        await closing.CancelAsync();
        listener.Dispose();
        closing.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
                _ = ServeAsync(await listener.AcceptTcpClientAsync(closing.Token));
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // Closed.
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        using var _ = client;
        client.NoDelay = true;
        client.SendBufferSize = 64 * 1024;   // what a dyno has the kernel keep for it is its own affair, not what is measured here
        try
        {
            var input = new ByteReader(client.GetStream());
            while (await input.ReadHeadAsync(MostHead) is { } head)
            {
                var request = StrictRequest.Parse(head);
                if (request.Fault is { } fault)
                {
                    faults.Enqueue($"{fault}: {Show(head)}");
                    return;
                }
                if (request.Expects)
                    await client.GetStream().WriteAsync("HTTP/1.1 100 Continue\r\n\r\n"u8.ToArray());
                if (await request.ReadBodyAsync(input) is not { } body)
                    return;   // the visitor left in its middle
                if (body.Fault is { } broken)
                {
                    faults.Enqueue($"{broken}: {Show(head)}");
                    return;
                }
                Interlocked.Increment(ref requests);
                if (!await AnswerAsync(client.GetStream(), request, body))
                    return;
            }
        }
        catch (Exception e) when (e is IOException or SocketException or ObjectDisposedException)
        {
            // The router has gone.
        }
    }

    /// <summary>Framed in one of the ways that HTTP knows, by turns. False when the connection ends with it.</summary>
    private static async Task<bool> AnswerAsync(NetworkStream stream, StrictRequest request, ReadBody body)
    {
        // Not all of a long one: a chunk that ends in its middle would hide it.
        var text = $"«{request.Target[..Math.Min(request.Target.Length, 60)]}» {body.Bytes} {body.Sum:x16}";
        if (request.Target == Big)
        {
            await stream.WriteAsync(Encoding.ASCII.GetBytes($"HTTP/1.1 200 OK\r\nContent-Length: {BigBytes}\r\n\r\n"));
            await stream.WriteAsync(Filler);
            return true;
        }
        var bytes = Encoding.Latin1.GetBytes(text);
        var way = (int)(ReadBody.Add(ReadBody.Begin, Encoding.Latin1.GetBytes(request.Target)) & 7);
        var isHead = request.Method == "HEAD";
        var head = way switch
        {
            0 => "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
            1 when !isHead => "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n",
            2 => "HTTP/1.1 204 No Content\r\n\r\n",
            3 => $"HTTP/1.1 304 Not Modified\r\nContent-Length: {bytes.Length}\r\n\r\n",
            _ => string.Create(CultureInfo.InvariantCulture, $"HTTP/1.1 200 OK\r\nContent-Length: {bytes.Length}\r\n\r\n"),
        };
        var content = isHead || way is 2 or 3 ? [] : way == 0 ? [.. Encoding.ASCII.GetBytes($"{bytes.Length:x}\r\n"), .. bytes, .. "\r\n0\r\n\r\n"u8] : bytes;
        await stream.WriteAsync((byte[])[.. Encoding.ASCII.GetBytes(head), .. content]);
        return way != 1 || isHead;
    }

    private static string Show(byte[] head) => Encoding.Latin1.GetString(head)[..Math.Min(head.Length, 600)].Replace("\r", "\\r", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal);
}

/// <summary>Bytes of a body, their number and FNV sum.</summary>
internal readonly record struct ReadBody(long Bytes, ulong Sum, string? Fault)
{
    public const ulong Begin = 14695981039346656037;

    public static ulong Add(ulong sum, ReadOnlySpan<byte> bytes)
    {
        foreach (var b in bytes)
            sum = (sum ^ b) * 1099511628211;
        return sum;
    }
}
