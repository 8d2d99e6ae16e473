using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Sluice.Soak;

/// <summary>
/// Visitors from many addresses who send a head a byte at a time, and some who ask for much and hardly read it. As many as told at any time: who is cut comes again.
/// </summary>
internal sealed class SlowClients : IAsyncDisposable
{
    private const int PerAddress = 250;
    private static readonly TimeSpan Drip = TimeSpan.FromSeconds(2), Again = TimeSpan.FromMilliseconds(200);

    private readonly int port;
    private readonly string host;
    private readonly CancellationTokenSource closing = new();
    private readonly Task[] all;
    private int open, cut, refused;

    /// <param name="within">They come one after the other, all of them within this time: not at one moment.</param>
    public SlowClients(int port, string host, int slowHeads, int slowReaders, TimeSpan within)
    {
        (this.port, this.host) = (port, host);
        all =
        [
            .. Enumerable.Range(0, slowHeads).Select(i => ComeAgainAsync(i, isHead: true, within * ((double)i / slowHeads))),
            .. Enumerable.Range(0, slowReaders).Select(i => ComeAgainAsync(slowHeads + i, isHead: false, within * ((double)i / slowReaders))),
        ];
    }

    /// <summary>Connected at this moment.</summary>
    public int Open => Volatile.Read(ref open);

    /// <summary>Times that one was cut by the other side.</summary>
    public int Cut => Volatile.Read(ref cut);

    /// <summary>Times that one was not let in.</summary>
    public int Refused => Volatile.Read(ref refused);

    public async ValueTask DisposeAsync()
    {
        await closing.CancelAsync();
        await Task.WhenAll(all);
        closing.Dispose();
    }

    private async Task ComeAgainAsync(int number, bool isHead, TimeSpan first)
    {
        await Task.Delay(first, closing.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        while (!closing.IsCancellationRequested)
        {
            using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { ReceiveBufferSize = 4096, LingerState = new LingerOption(true, 0) };
            try
            {
                socket.Bind(new IPEndPoint(AddressOf(number), 0));
                await socket.ConnectAsync(IPAddress.Loopback, port, closing.Token);
                Interlocked.Increment(ref open);
                try
                {
                    await (isHead ? SendSlowlyAsync(socket) : ReadSlowlyAsync(socket));
                }
                finally
                {
                    Interlocked.Decrement(ref open);
                }
            }
            catch (SocketException)
            {
                Interlocked.Increment(ref refused);
            }
            catch (OperationCanceledException)
            {
                return;
            }
            await Task.Delay(Again, closing.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>Not the machine's own 127.0.0.1, which is not limited.</summary>
    private static IPAddress AddressOf(int number)
    {
        var address = new byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(address, 0x7F010001u + (uint)(number / PerAddress));
        return new IPAddress(address);
    }

    private async Task SendSlowlyAsync(Socket socket)
    {
        var said = new byte[256];
        await socket.SendAsync(Encoding.ASCII.GetBytes($"GET /slow HTTP/1.1\r\nHost: {host}\r\nX-Slow: "), closing.Token);
        // Without a time limit on each wait: thousands of exceptions a second would take the processor from those who are measured beside.
        var answer = socket.ReceiveAsync(said, closing.Token).AsTask();
        while (await Task.WhenAny(answer, Task.Delay(Drip, closing.Token)) != answer && !closing.IsCancellationRequested)
            await socket.SendAsync("x"u8.ToArray(), closing.Token);
        while (await answer > 0)
            answer = socket.ReceiveAsync(said, closing.Token).AsTask();
        Interlocked.Increment(ref cut);
    }

    private async Task ReadSlowlyAsync(Socket socket)
    {
        var said = new byte[16];
        await socket.SendAsync(Encoding.ASCII.GetBytes($"GET {EchoDyno.Big} HTTP/1.1\r\nHost: {host}\r\n\r\n"), closing.Token);
        while (await socket.ReceiveAsync(said, closing.Token) > 0)
            await Task.Delay(Drip, closing.Token);
        Interlocked.Increment(ref cut);
    }
}
