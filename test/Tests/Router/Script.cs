using System.Net;
using System.Net.Sockets;
using System.Text;
using Sluice.Router;

namespace Sluice.Tests.Router;

/// <summary>A dyno that says exactly what a test tells it to, byte by byte.</summary>
internal sealed class Script : IAsyncDisposable
{
    private readonly TcpListener listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource stop = new();
    private readonly Task accepting;
    private int connections;

    /// <param name="play">One connection: its number from 1, its stream.</param>
    public Script(Func<int, NetworkStream, Task> play)
    {
        listener.Start();
        accepting = AcceptAsync(play);
    }

    public int Connections => Volatile.Read(ref connections);

    public Target Target() => new(DynoId.New(), "web.1", "127.0.0.1", ((IPEndPoint)listener.LocalEndpoint).Port);

    /// <summary>Answers every request without a body with these bytes, on as many connections as come.</summary>
    public static Script Saying(string bytes, bool andClose = false) => new(async (_, stream) =>
    {
        while (await HeadAsync(stream) is not null)
        {
            await stream.WriteAsync(Encoding.Latin1.GetBytes(bytes));
            if (andClose)
                return;
        }
    });

    /// <summary>The next request's head; null when the router has closed.</summary>
    public static async Task<string?> HeadAsync(NetworkStream stream)
    {
        var head = new StringBuilder();
        var one = new byte[1];
        while (!head.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal))
        {
            if (await stream.ReadAsync(one) == 0)
                return null;
            head.Append((char)one[0]);
        }
        return head.ToString();
    }

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        listener.Stop();
        await accepting;
        stop.Dispose();
    }

    private async Task AcceptAsync(Func<int, NetworkStream, Task> play)
    {
        try
        {
            while (true)
            {
                var client = await listener.AcceptTcpClientAsync(stop.Token);
                _ = PlayAsync(client, play, Interlocked.Increment(ref connections));
            }
        }
        catch (OperationCanceledException)
        {
            // The test is over.
        }
    }

    private static async Task PlayAsync(TcpClient client, Func<int, NetworkStream, Task> play, int number)
    {
        using (client)
        {
            try
            {
                await play(number, client.GetStream());
            }
            catch (IOException)
            {
                // The router closed first.
            }
        }
    }
}
