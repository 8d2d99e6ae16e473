using System.Buffers;
using System.Buffers.Text;
using System.IO.Pipelines;
using System.Net.Sockets;

namespace Sluice.Router;

/// <summary>
/// A request on its way to a dyno, body and all, piece by piece as it comes from the visitor. Runs beside the reading of the answer, which may begin, and
/// end, before the body has. What was sent is kept while it fits, so that it can be sent once more to a dyno that has seen nothing of it.
/// </summary>
/// <param name="isAnswered">From then on it is no longer the app's turn.</param>
internal sealed class Upload(HttpContext http, RouterLimits limits, bool isChunked, Func<bool> isAnswered)
{
    private const int Size = 32 * 1024;
    /// <summary>A chunk's size in hex and its two line ends.</summary>
    private const int ChunkRoom = 12;

    private DynoConnection connection = null!;
    private byte[] buffer = [];
    private int filled, sent;
    private volatile bool stopped, keeps, isRunning, isDone;

    /// <summary>A piece of the body was taken from the visitor: it cannot be sent to someone else.</summary>
    public bool HasTaken { get; private set; }

    /// <summary>Nothing was sent that could not be sent again, by running once more.</summary>
    public bool IsWhole { get; private set; } = true;

    /// <summary>The visitor has sent all of it.</summary>
    public bool IsAtLast { get; private set; }

    /// <summary>All of it was sent.</summary>
    public bool IsDone => isDone && !stopped;

    /// <summary>What is wrong with the body that the visitor sent; null while nothing is.</summary>
    public BadHttpRequestException? Fault { get; private set; }

    /// <summary>Ends when all was sent, or when no more can be: then it is the reader of the answer who finds out why.</summary>
    /// <param name="head">Goes first, together with what of the body is there already.</param>
    /// <param name="isLast">It will not be run again.</param>
    public async Task RunAsync(DynoConnection to, ReadOnlyMemory<byte> head, bool isLast)
    {
        (connection, sent, stopped, keeps, isRunning) = (to, 0, false, !isLast, true);
        if (buffer.Length == 0)
        {
            buffer = ArrayPool<byte>.Shared.Rent(Math.Max(Size, head.Length + (4 * ChunkRoom)));
            head.CopyTo(buffer);
            filled = head.Length;
        }
        try
        {
            await PassAsync();
        }
        catch (BadHttpRequestException fault)
        {
            Fault = fault;
            connection.Cut(RouterError.ClientGone);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // The dyno closed, or was cut. Its answer may be here already: a refusal of a body that is too large, say.
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or InvalidOperationException)
        {
            connection.Cut(RouterError.ClientGone);
        }
        finally
        {
            isRunning = false;
            if (!keeps)
                Return();
        }
    }

    /// <summary>Nobody wants the rest.</summary>
    public void Stop()
    {
        stopped = true;
        http.Request.BodyReader.CancelPendingRead();
    }

    /// <summary>It will not be run again.</summary>
    public void Forget()
    {
        keeps = false;
        if (!isRunning)
            Return();
    }

    private void Return()
    {
        if (Interlocked.Exchange(ref buffer, []) is { Length: > 0 } mine)
            ArrayPool<byte>.Shared.Return(mine);
    }

    private async Task PassAsync()
    {
        var body = http.Request.BodyReader;
        while (!IsAtLast)
        {
            var read = await NextAsync(body);
            if (stopped || read.IsCanceled)
            {
                body.AdvanceTo(read.Buffer.Start);
                if (stopped)
                    return;
                continue;
            }
            HasTaken |= !read.Buffer.IsEmpty;
            await TakeAsync(body, read);
            IsAtLast = read.IsCompleted;
            if (!IsAtLast || !isChunked)
                continue;
            "0\r\n\r\n"u8.CopyTo(buffer.AsSpan(filled));
            filled += 5;
        }
        WaitForDyno();
        await SendAsync();
        isDone = true;
    }

    /// <summary>What there is of the body; before we wait for it, what came until now is sent.</summary>
    private async ValueTask<ReadResult> NextAsync(PipeReader body)
    {
        var reading = body.ReadAsync();
        if (reading.IsCompleted)
            return await reading;
        try
        {
            await SendAsync();
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            body.CancelPendingRead();
            body.AdvanceTo((await reading).Buffer.Start);
            throw;
        }
        WaitForVisitor();
        return await reading;
    }

    /// <summary>All of it goes into the buffer, and from there to the dyno; the last piece waits there for what is put behind it.</summary>
    private async ValueTask TakeAsync(PipeReader body, ReadResult read)
    {
        var rest = read.Buffer;
        try
        {
            while (!rest.IsEmpty)
            {
                Put(ref rest);
                if (rest.IsEmpty && read.IsCompleted)
                    break;
                WaitForDyno();
                await SendAsync();
            }
        }
        finally
        {
            body.AdvanceTo(rest.Start);
        }
    }

    private async ValueTask SendAsync()
    {
        if (sent == filled)
            return;
        await connection.SendAsync(buffer.AsMemory(sent, filled - sent));
        sent = filled;
    }

    /// <summary>As much of the rest as goes in, as a chunk of its own if need be. What was sent makes room for what does not.</summary>
    private void Put(ref ReadOnlySequence<byte> rest)
    {
        if (sent == filled && rest.Length > Room)
            (filled, sent, IsWhole) = (0, 0, false);
        var piece = rest.Slice(0, Math.Min(rest.Length, Room));
        rest = rest.Slice(piece.End);
        if (isChunked)
        {
            Utf8Formatter.TryFormat((uint)piece.Length, buffer.AsSpan(filled), out var digits, new StandardFormat('x'));
            filled += digits;
            buffer[filled++] = (byte)'\r';
            buffer[filled++] = (byte)'\n';
        }
        piece.CopyTo(buffer.AsSpan(filled));
        filled += (int)piece.Length;
        if (isChunked)
        {
            buffer[filled++] = (byte)'\r';
            buffer[filled++] = (byte)'\n';
        }
    }

    /// <summary>Room for the last chunk is always left.</summary>
    private int Room => buffer.Length - filled - (2 * ChunkRoom);

    /// <summary>While the visitor still sends, the app cannot be late: each piece starts the clock again.</summary>
    private void WaitForDyno()
    {
        if (!isAnswered())
            connection.Expect(limits.FirstByte, RouterError.TimedOut);
    }

    private void WaitForVisitor()
    {
        if (!isAnswered())
            connection.Expect(limits.Idle, RouterError.ClientIdle);
    }
}
