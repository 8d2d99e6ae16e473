using System.Buffers;
using System.Buffers.Text;
using System.Net.Sockets;

namespace Sluice.Router;

/// <summary>
/// A request on its way to a dyno, body and all, piece by piece as it comes from the visitor. Runs beside the reading of the answer, which may begin, and
/// end, before the body has.
/// </summary>
/// <param name="isAnswered">From then on it is no longer the app's turn.</param>
internal sealed class Upload(HttpContext http, DynoConnection connection, RouterLimits limits, bool isChunked, Func<bool> isAnswered)
{
    private const int Size = 32 * 1024;
    /// <summary>A chunk's size in hex and its two line ends.</summary>
    private const int ChunkRoom = 12;

    private volatile bool stopped;

    /// <summary>A piece of the body was taken from the visitor: it cannot be sent to someone else.</summary>
    public bool HasTaken { get; private set; }

    /// <summary>The visitor has sent all of it.</summary>
    public bool IsAtLast { get; private set; }

    /// <summary>All of it was sent.</summary>
    public bool IsDone { get; private set; }

    /// <summary>What is wrong with the body that the visitor sent; null while nothing is.</summary>
    public BadHttpRequestException? Fault { get; private set; }

    /// <summary>Ends when all was sent, or when no more can be: then it is the reader of the answer who finds out why.</summary>
    /// <param name="head">Goes first, together with what of the body is there already.</param>
    public async Task RunAsync(ReadOnlyMemory<byte> head)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(Math.Max(Size, head.Length + (4 * ChunkRoom)));
        try
        {
            head.CopyTo(buffer);
            await SendAsync(buffer, head.Length);
            IsDone = !stopped;
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
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>Nobody wants the rest.</summary>
    public void Stop()
    {
        stopped = true;
        http.Request.BodyReader.CancelPendingRead();
    }

    private async Task SendAsync(byte[] buffer, int filled)
    {
        var body = http.Request.BodyReader;
        while (!stopped)
        {
            var reading = body.ReadAsync();
            if (!reading.IsCompleted)
            {
                if (filled > 0)
                    await connection.SendAsync(buffer.AsMemory(0, filled));
                filled = 0;
                WaitForVisitor();
            }
            var read = await reading;
            if (read.IsCanceled)
            {
                body.AdvanceTo(read.Buffer.Start);
                return;
            }
            var rest = read.Buffer;
            HasTaken |= !rest.IsEmpty;
            while (!rest.IsEmpty)
            {
                filled = Put(buffer, filled, ref rest);
                if (rest.IsEmpty && read.IsCompleted)
                    break;
                WaitForDyno();
                await connection.SendAsync(buffer.AsMemory(0, filled));
                filled = 0;
            }
            body.AdvanceTo(read.Buffer.End);
            if (!read.IsCompleted)
                continue;
            IsAtLast = true;
            if (isChunked)
                "0\r\n\r\n"u8.CopyTo(buffer.AsSpan(filled));
            WaitForDyno();
            await connection.SendAsync(buffer.AsMemory(0, filled + (isChunked ? 5 : 0)));
            return;
        }
    }

    /// <summary>As much of the rest as goes in, as a chunk of its own if need be.</summary>
    private int Put(byte[] buffer, int filled, ref ReadOnlySequence<byte> rest)
    {
        // Room for the last chunk is always left.
        var room = buffer.Length - filled - (2 * ChunkRoom);
        var piece = rest.Slice(0, Math.Min(rest.Length, room));
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
        return filled;
    }

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
