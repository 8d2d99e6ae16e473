using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace Sluice.Router;

/// <summary>
/// The way to a dyno, in two tries: nothing was sent yet, and on a machine that is busy to the brim the first may fail for reasons of its own. Visitors are told H19 whatever
/// the reason was; it is told here, to who runs the router, without a word on whose dyno it was: that is in the app's own log.
/// </summary>
internal sealed class Dial
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan BetweenNotes = TimeSpan.FromMinutes(1);

    private readonly ConcurrentDictionary<SocketError, long> noted = new();

    /// <summary>One try; tests put a fault in its place.</summary>
    public Func<Socket, Target, CancellationToken, ValueTask> Connect { get; init; } = ConnectAsync;

    public Action<string> Say { get; init; } = Console.Error.WriteLine;

    /// <summary>Each try has half of <paramref name="within"/>; who refuses is not asked twice.
    /// Throws <see cref="SocketException"/>, or <see cref="OperationCanceledException"/> when it takes too long.</summary>
    public async Task<Socket> ToAsync(Target target, TimeSpan within, CancellationToken ct)
    {
        try
        {
            return await TryAsync(target, within / 2, ct);
        }
        catch (SocketException e) when (e.SocketErrorCode != SocketError.ConnectionRefused)
        {
            await Task.Delay(Pause, ct);
            return await TryAsync(target, within / 2, ct);
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            return await TryAsync(target, within / 2, ct);
        }
    }

    private async Task<Socket> TryAsync(Target target, TimeSpan within, CancellationToken ct)
    {
        var start = Environment.TickCount64;
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(ct);
        limit.CancelAfter(within);
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true, ReceiveBufferSize = RouterLimits.MostAhead };
        try
        {
            await Connect(socket, target, limit.Token);
            return socket;
        }
        catch (Exception e)
        {
            socket.Dispose();
            if (!ct.IsCancellationRequested)
                Note(e is SocketException { SocketErrorCode: var code } ? code : SocketError.TimedOut, Environment.TickCount64 - start);
            throw;
        }
    }

    private static ValueTask ConnectAsync(Socket socket, Target target, CancellationToken ct) => IPAddress.TryParse(target.Address, out var address)
        ? socket.ConnectAsync(address, target.Port, ct)
        : socket.ConnectAsync(target.Address, target.Port, ct);

    /// <summary>Once a minute of each kind: a dyno that is gone would fill the log. A refusal is the app's own doing.</summary>
    private void Note(SocketError what, long ms)
    {
        if (what == SocketError.ConnectionRefused)
            return;
        var (now, isNew) = (Environment.TickCount64, true);
        noted.AddOrUpdate(what, now, (_, before) => (isNew = now - before >= BetweenNotes.TotalMilliseconds) ? now : before);
        if (isNew)
            Say($"router: a connection to a dyno failed after {ms} ms: {what}. More of this kind in the next minute are not told.");
    }
}
