using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Net.Sockets;
using System.Runtime.CompilerServices;

namespace Sluice.Router;

/// <summary>
/// One connection to a dyno, with the bytes that came and were not taken yet; used by one request at a time. What waits on it ends when it is
/// <see cref="Cut"/>: by the visitor's leaving, or by <see cref="DynoConnections"/>, which looks at the deadlines of all connections a few times a
/// second, so that a request needs no timer of its own.
/// </summary>
internal sealed class DynoConnection(Socket socket, DynoTraffic dyno) : IDisposable
{
    private const int FirstSize = 8 * 1024, LargeSize = 32 * 1024;
    private static readonly TimeSpan ForReset = TimeSpan.FromMilliseconds(5);
    private const int MostLooksForReset = 20;

    private byte[] buffer = ArrayPool<byte>.Shared.Rent(FirstSize);
    private int start, end;
    private bool wantsMore;
    private ValueTask<bool>? first;
    private long due = long.MaxValue;
    private RouterError? lateMeans;
    private volatile RouterError? cutBecause;
    private int disposed;
    private long sent, sentBefore;
    private bool isEnded;

    public DynoTraffic Dyno { get; } = dyno;

    /// <summary>Header lines of the answer before, which the next one most likely repeats.</summary>
    public RememberedLines Lines { get; } = new();

    public ReadOnlySpan<byte> Unread => buffer.AsSpan(start, end - start);

    /// <summary>Why it was cut; null when it was not, or when nobody is to blame.</summary>
    public RouterError? CutBecause => cutBecause;

    public void Take(int count) => start += count;

    /// <summary>
    /// Begins to wait for an answer, before anything was asked; false when something is there already. A connection on which the dyno speaks unasked, or which
    /// it has closed, carries no request: whose answer would that be?
    /// </summary>
    [SuppressMessage("Reliability", "CA2012", Justification = "Read once, by the next ReadAsync; a task in its place would be garbage of every request.")]
    public bool IsQuiet()
    {
        if (!Unread.IsEmpty)
            return false;
        sentBefore = sent;
        first = FillAsync();
        return !first.Value.IsCompleted;
    }

    /// <summary>Reads more; false at the end. Throws <see cref="SocketException"/> or <see cref="ObjectDisposedException"/>, the latter after a cut.</summary>
    public ValueTask<bool> ReadAsync()
    {
        var read = first ?? FillAsync();
        first = null;
        return read;
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<bool> FillAsync()
    {
        MakeRoom();
        var count = await socket.ReceiveAsync(buffer.AsMemory(end), SocketFlags.None);
        Rest();
        wantsMore = count == buffer.Length - end;
        end += count;
        isEnded = count == 0;
        return count > 0;
    }

    /// <summary>Neither has the dyno closed it nor said a word, as far as can be seen without reading.</summary>
    public bool IsSilent => !socket.Poll(0, SelectMode.SelectRead);

    /// <summary>
    /// Whether it is certain that the dyno knows nothing of what was sent since <see cref="IsQuiet"/>: either nothing was, or the dyno had closed when it came. Then its
    /// end (FIN) acknowledges none of it, and a reset is all that came back. In doubt it is false: after a reset alone, say, for which the dyno may have read something before.
    /// </summary>
    public async ValueTask<bool> WasClosedBeforeAsync()
    {
        if (sent == sentBefore)
            return true;
        try
        {
            for (var look = 0; isEnded && look < MostLooksForReset; look++)
            {
                var tcp = TcpState.Of(socket);
                if (tcp.Acknowledged > sentBefore)
                    return false;
                if (tcp.IsClosed)
                    return true;
                await Task.Delay(ForReset);
            }
        }
        catch (ObjectDisposedException)
        {
            // Cut meanwhile: then it is too late to ask.
        }
        return false;
    }

    /// <summary>Waits until there is something to read, without holding a buffer meanwhile: thousands of quiet connections must cost little.</summary>
    public ValueTask<int> WaitAsync() => socket.ReceiveAsync(Memory<byte>.Empty, SocketFlags.None);

    public ValueTask<int> ReceiveAsync(Memory<byte> into) => socket.ReceiveAsync(into, SocketFlags.None);

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    public async ValueTask SendAsync(ReadOnlyMemory<byte> bytes)
    {
        while (bytes.Length > 0)
        {
            var count = await socket.SendAsync(bytes, SocketFlags.None);
            sent += count;
            bytes = bytes[count..];
        }
    }

    /// <summary>Something must move within this time, or the connection is cut for that reason.</summary>
    public void Expect(TimeSpan within, RouterError otherwise)
    {
        lateMeans = otherwise;
        Volatile.Write(ref due, Environment.TickCount64 + (long)within.TotalMilliseconds);
    }

    /// <summary>Nothing is waited for.</summary>
    public void Rest() => Volatile.Write(ref due, long.MaxValue);

    public bool IsLate(long now) => Volatile.Read(ref due) < now;

    public void CutLate() => Cut(lateMeans);

    /// <summary>We have nothing more to say.</summary>
    public void EndSending() => socket.Shutdown(SocketShutdown.Send);

    /// <summary>Closes it under whoever waits on it. The first reason counts; safe to repeat.</summary>
    public void Cut(RouterError? why)
    {
        cutBecause ??= why;
        socket.Dispose();
    }

    /// <summary>Gives the buffer back, with nothing unread in it: for a connection that is not read from for a while.</summary>
    public void DropBuffer()
    {
        ArrayPool<byte>.Shared.Return(buffer);
        buffer = [];
        start = end = 0;
    }

    /// <summary>For its one user, when nothing waits on it any more.</summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref disposed, 1) != 0)
            return;
        Cut(null);
        Dyno.Connections.Forget(this);
        // What was begun may still be writing into the buffer: then it is nobody's any more.
        if (first is null && buffer.Length > 0)
            DropBuffer();
    }

    private void MakeRoom()
    {
        if (start == end)
            start = end = 0;
        if (start == 0 && end == 0 && wantsMore && buffer.Length < LargeSize)
            Swap(LargeSize);
        else if (end == buffer.Length)
            Swap(start > 0 ? buffer.Length : Math.Max(FirstSize, buffer.Length * 2));
    }

    private void Swap(int size)
    {
        var larger = ArrayPool<byte>.Shared.Rent(size);
        Unread.CopyTo(larger);
        ArrayPool<byte>.Shared.Return(buffer);
        (buffer, start, end) = (larger, 0, end - start);
    }
}
