using System.Buffers;
using System.IO.Pipelines;
using System.Net.Sockets;

namespace Sluice.Router;

/// <summary>One WebSocket between a visitor and a dyno. While it is quiet it holds no buffers.</summary>
internal sealed class WebSocketPipe(Stream visitor, DynoConnection dyno, TimeSpan idle)
{
    private const int PieceSize = 16 * 1024;
    private static readonly TimeSpan LastWords = TimeSpan.FromSeconds(2);

    private readonly CancellationTokenSource ended = new();

    // Under the gate: who writes to the visitor, and who to the dyno.
    private readonly SemaphoreSlim toVisitor = new(1), toDyno = new(1);
    private WebSocketFrames fromDyno, fromVisitor;
    private volatile bool leaving;

    public long Bytes { get; private set; }

    /// <summary>Null when either side ended it, or we did; else why it was cut.</summary>
    public async Task<RouterError?> RunAsync(CancellationToken visitorGone)
    {
        using var both = CancellationTokenSource.CreateLinkedTokenSource(ended.Token, visitorGone);
        Moved();
        var down = DownAsync();
        var up = UpAsync(both.Token);
        if (await Task.WhenAny(down, up) == up)
            EndTowardsDyno();
        await down;
        // The dyno is gone. If it went without a word, the visitor is told in its place.
        await TellVisitorAsync();
        await ended.CancelAsync();
        await up;
        ended.Dispose();
        return leaving || dyno.CutBecause == RouterError.ClientGone ? null : dyno.CutBecause;
    }

    /// <summary>Ends it from our side: both are told, and have two seconds.</summary>
    public async Task CloseAsync()
    {
        await TellVisitorAsync();
        await toDyno.WaitAsync();
        try
        {
            if (!leaving && fromVisitor is { IsBetween: true, HasClosed: false })
                await dyno.SendAsync(WebSocketFrames.Leaving(masked: true));
        }
        catch (Exception e) when (IsGone(e))
        {
            // Then it needs no telling.
        }
        finally
        {
            leaving = true;
            toDyno.Release();
        }
        dyno.Expect(LastWords, RouterError.Idle);
    }

    private async Task DownAsync()
    {
        try
        {
            if (!dyno.Unread.IsEmpty)
                await PassDownAsync(dyno.Unread.ToArray());
            dyno.DropBuffer();
            while (true)
            {
                await dyno.WaitAsync();
                var piece = ArrayPool<byte>.Shared.Rent(PieceSize);
                try
                {
                    var count = await dyno.ReceiveAsync(piece);
                    if (count == 0)
                        return;
                    await PassDownAsync(piece.AsMemory(0, count));
                }
                finally
                {
                    ArrayPool<byte>.Shared.Return(piece);
                }
            }
        }
        catch (Exception e) when (IsGone(e))
        {
            dyno.Cut(null);
        }
    }

    private async Task PassDownAsync(ReadOnlyMemory<byte> piece)
    {
        await toVisitor.WaitAsync();
        try
        {
            if (leaving || fromDyno is { IsBetween: true, HasClosed: true })
                return;
            await visitor.WriteAsync(piece);
            await visitor.FlushAsync();
            fromDyno.Pass(piece.Span);
            Bytes += piece.Length;
        }
        finally
        {
            toVisitor.Release();
        }
        Moved();
    }

    private async Task UpAsync(CancellationToken ct)
    {
        var reader = PipeReader.Create(visitor, new StreamPipeReaderOptions(bufferSize: PieceSize, useZeroByteReads: true, leaveOpen: true));
        try
        {
            while (await reader.ReadAsync(ct) is { Buffer.IsEmpty: false } read)
            {
                foreach (var piece in read.Buffer)
                    await PassUpAsync(piece);
                reader.AdvanceTo(read.Buffer.End);
            }
        }
        catch (Exception e) when (IsGone(e))
        {
            // Either side has gone; who goes second is told by who runs us.
        }
        finally
        {
            await reader.CompleteAsync();
        }
    }

    private async Task PassUpAsync(ReadOnlyMemory<byte> piece)
    {
        await toDyno.WaitAsync();
        try
        {
            if (leaving)
                return;
            await dyno.SendAsync(piece);
            fromVisitor.Pass(piece.Span);
        }
        finally
        {
            toDyno.Release();
        }
        Moved();
    }

    private async Task TellVisitorAsync()
    {
        await toVisitor.WaitAsync();
        try
        {
            if (fromDyno is not { IsBetween: true, HasClosed: false })
                return;
            var frame = WebSocketFrames.Leaving(masked: false);
            fromDyno.Pass(frame);
            await visitor.WriteAsync(frame);
            await visitor.FlushAsync();
        }
        catch (Exception e) when (IsGone(e))
        {
            // It left first.
        }
        finally
        {
            toVisitor.Release();
        }
    }

    /// <summary>The visitor has ended: the dyno has a moment for its last words.</summary>
    private void EndTowardsDyno()
    {
        try
        {
            dyno.EndSending();
            dyno.Expect(LastWords, RouterError.ClientGone);
        }
        catch (Exception e) when (IsGone(e))
        {
            dyno.Cut(null);
        }
    }

    private void Moved()
    {
        if (!leaving)
            dyno.Expect(idle, RouterError.Idle);
    }

    private static bool IsGone(Exception e) => e is SocketException or ObjectDisposedException or IOException or OperationCanceledException;
}
