using System.Buffers;
using System.Diagnostics;
using System.IO.Pipelines;
using System.Net.Sockets;
using Microsoft.AspNetCore.Http.Features;

namespace Sluice.Router;

/// <summary>
/// One request to one dyno. 1. Take a connection that is open and quiet, or make one. 2. Send the request, the body as it comes. 3. Meanwhile read the answer
/// and pass it on as it comes. 4. Keep the connection if both have ended where they should; else close it.
/// </summary>
internal sealed class DynoCall(HttpContext http, RouterLimits limits, Func<bool> isDraining, WebSockets sockets)
{
    private const int MostInterim = 20;

    private DynoConnection connection = null!;
    private Upload? upload;
    private BadHttpRequestException? headFault;
    private AnswerHead head;
    private volatile bool answered;
    private bool anyByte, isUnheard;

    /// <summary>False once a byte of the request's body was taken from the visitor: then it cannot be sent to someone else.</summary>
    public bool NothingTaken => upload?.HasTaken != true && !answered;

    /// <summary>Bytes of body that were passed on.</summary>
    public long Bytes { get; private set; }

    public long ConnectMs { get; private set; }

    /// <summary>It became a WebSocket, which has ended by frames of its own.</summary>
    public bool IsSocket { get; private set; }

    /// <summary>The status that the visitor's own fault deserves; null when there was none.</summary>
    public BadHttpRequestException? VisitorsFault => headFault ?? upload?.Fault;

    /// <summary>The fault is in the head, which went nowhere.</summary>
    public bool IsHeadBad => headFault is not null;

    /// <summary>Null when all went well.</summary>
    public async Task<RouterError?> RunAsync(LiveTarget target, string id, string client, int port, long nowMs)
    {
        var isWebSocket = WebSockets.IsAskedFor(http);
        var hasBody = !isWebSocket && http.Features.Get<IHttpRequestBodyDetectionFeature>()?.CanHaveBody == true;
        var isChunked = hasBody && http.Request.ContentLength is null;
        if (Head(isChunked, isWebSocket, id, client, port, nowMs) is not var (bytes, count))
            return RouterError.ClientGone;
        try
        {
            var mayBeRepeated = IsIdempotent(http.Request.Method);
            for (var isFresh = false; ; isFresh = true)
            {
                var idle = isFresh ? null : target.Load.TakeIdle(mayBeRepeated);
                if (idle is null && await ConnectAsync(target) is { } failed)
                    return failed;
                connection = idle ?? connection;
                var error = await ExchangeAsync(bytes.AsMemory(0, count), hasBody, isChunked, isWebSocket, isLast: idle is null);
                if (error != RouterError.ClosedWithoutResponse || idle is null || anyByte)
                    return error;
                // The dyno closed an idle connection just now.
                target.Load.DistrustIdle();
                if (!(mayBeRepeated || isUnheard) || upload?.IsWhole == false)
                    return error;
            }
        }
        finally
        {
            upload?.Forget();
            ArrayPool<byte>.Shared.Return(bytes);
        }
    }

    /// <summary>Null when the visitor's own has what no head can have.</summary>
    private (byte[] Bytes, int Count)? Head(bool isChunked, bool isWebSocket, string id, string client, int port, long nowMs)
    {
        try
        {
            return new OutgoingHead(http, id, client, port, nowMs).Write(isChunked, isWebSocket);
        }
        catch (BadHttpRequestException fault)
        {
            headFault = fault;
            return null;
        }
    }

    /// <summary>May be sent twice by the rules of HTTP (RFC 9110, 9.2.2).</summary>
    private static bool IsIdempotent(string method) =>
        HttpMethods.IsGet(method) || HttpMethods.IsHead(method) || HttpMethods.IsPut(method) || HttpMethods.IsDelete(method) || HttpMethods.IsOptions(method);

    private async Task<RouterError?> ConnectAsync(LiveTarget target)
    {
        var start = Stopwatch.GetTimestamp();
        try
        {
            connection = await target.Load.Connections.ConnectAsync(target, limits.Connect, http.RequestAborted);
            return null;
        }
        catch (SocketException e)
        {
            return e.SocketErrorCode == SocketError.ConnectionRefused ? RouterError.Refused : RouterError.ConnectTimedOut;
        }
        catch (OperationCanceledException)
        {
            return http.RequestAborted.IsCancellationRequested ? RouterError.ClientGone : RouterError.ConnectTimedOut;
        }
        finally
        {
            ConnectMs = (long)Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        }
    }

    private async Task<RouterError?> ExchangeAsync(ReadOnlyMemory<byte> request, bool hasBody, bool isChunked, bool isWebSocket, bool isLast)
    {
        var leaving = http.RequestAborted.UnsafeRegister(static of => ((DynoConnection)of!).Cut(RouterError.ClientGone), connection);
        var isClean = false;
        var sending = Task.CompletedTask;
        try
        {
            connection.Expect(limits.FirstByte, RouterError.TimedOut);
            if (hasBody)
                sending = (upload ??= new Upload(http, limits, isChunked, () => answered)).RunAsync(connection, request, isLast);
            else
                await connection.SendAsync(request);
            await ReadHeadAsync(isWebSocket);
            upload?.Forget();
            if (head.Status == StatusCodes.Status101SwitchingProtocols)
                return await PassSocketAsync();
            await PassBodyAsync(http.Response.BodyWriter);
            isClean = head.IsReusable && connection.Unread.IsEmpty;
            return null;
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException or EndOfStreamException)
        {
            isUnheard = !isLast && connection.CutBecause is null && await connection.WasClosedBeforeAsync();
            return connection.CutBecause ?? (answered ? RouterError.Interrupted : RouterError.ClosedWithoutResponse);
        }
        catch (BadAnswerException)
        {
            return answered ? RouterError.Interrupted : RouterError.BadAnswer;
        }
        finally
        {
            if (!sending.IsCompleted)
                await EndAsync(sending);
            // Only then may the connection be someone else's.
            await leaving.DisposeAsync();
            Leave(isClean && upload?.IsDone != false);
        }
    }

    private Task EndAsync(Task sending)
    {
        if (upload!.IsAtLast)
        {
            connection.Expect(limits.Connect, RouterError.Idle);
        }
        else
        {
            // The app has said all it will, and the visitor still sends: nobody reads that.
            upload.Stop();
            connection.Cut(null);
        }
        return sending;
    }

    private void Leave(bool isClean)
    {
        if (isClean && connection.CutBecause is null)
            connection.Dyno.Return(connection);
        else
            connection.Dispose();
    }

    private async Task ReadHeadAsync(bool isWebSocket)
    {
        for (var interim = 0; ;)
        {
            if (AnswerHead.TryRead(connection.Unread, HttpMethods.IsHead(http.Request.Method), http.Response, connection.Lines, out head, out var taken))
            {
                connection.Take(taken);
                if (!head.IsInterim)
                    break;
                if (++interim > MostInterim)
                    throw new BadAnswerException("one interim answer after the other");
            }
            else
            {
                if (!await connection.ReadAsync())
                    throw new EndOfStreamException();
                anyByte = true;
                connection.Expect(limits.Idle, RouterError.Idle);
            }
        }
        if (head.Status == StatusCodes.Status101SwitchingProtocols && !isWebSocket)
            throw new BadAnswerException("a switch of protocols that nobody asked for");
        answered = true;
        connection.Rest();
        http.Response.Headers.Via = "1.1 sluice";
        if (isDraining() && !isWebSocket && !HttpProtocol.IsHttp2(http.Request.Protocol))
            http.Response.Headers.Connection = "close";
    }

    private async Task<RouterError?> PassSocketAsync()
    {
        IsSocket = true;
        var (error, bytes) = await sockets.RunAsync(http, connection);
        Bytes = bytes;
        return error;
    }

    private Task PassBodyAsync(PipeWriter visitor) => head.End switch
    {
        BodyEnd.Length => PassLengthAsync(visitor, head.Length!.Value),
        BodyEnd.Chunked => PassChunksAsync(visitor),
        BodyEnd.Close => PassAllAsync(visitor),
        _ => Task.CompletedTask,
    };

    private async Task PassLengthAsync(PipeWriter visitor, long left)
    {
        while (left > 0)
        {
            if (connection.Unread.IsEmpty)
                await MoreForAsync(visitor);
            left -= Pass(visitor, connection.Unread[..(int)Math.Min(left, connection.Unread.Length)]);
        }
        await EndAsync(visitor);
    }

    /// <summary>What was all said in one piece goes out when the request ends.</summary>
    private async ValueTask EndAsync(PipeWriter visitor)
    {
        if (http.Response.HasStarted)
            await visitor.FlushAsync();
    }

    private async Task PassChunksAsync(PipeWriter visitor)
    {
        var (chunks, answer) = (new ChunkedBody(), new ChunkedAnswer(http));
        while (!chunks.IsDone)
        {
            if (connection.Unread.IsEmpty)
                await MoreForAsync(visitor);
            var taken = chunks.Read(connection.Unread, out var piece);
            if (!piece.IsEmpty)
                answer.Write(visitor, piece);
            Bytes += piece.Length;
            connection.Take(taken);
        }
        answer.End(visitor, chunks.Trailers);
        await EndAsync(visitor);
    }

    private async Task PassAllAsync(PipeWriter visitor)
    {
        while (true)
        {
            if (!connection.Unread.IsEmpty)
                Pass(visitor, connection.Unread);
            await SayAsync(visitor);
            connection.Expect(limits.Idle, RouterError.Idle);
            if (!await connection.ReadAsync())
                return;
        }
    }

    private int Pass(PipeWriter visitor, ReadOnlySpan<byte> piece)
    {
        visitor.Write(piece);
        Bytes += piece.Length;
        connection.Take(piece.Length);
        return piece.Length;
    }

    /// <summary>What there is goes to the visitor before we wait for more.</summary>
    private async ValueTask MoreForAsync(PipeWriter visitor)
    {
        await SayAsync(visitor);
        connection.Expect(limits.Idle, RouterError.Idle);
        if (!await connection.ReadAsync())
            throw new EndOfStreamException();
    }

    /// <summary>All of it was taken over: while a visitor reads slowly, nothing is kept here for what comes next.</summary>
    private ValueTask<FlushResult> SayAsync(PipeWriter visitor)
    {
        var said = visitor.FlushAsync();
        if (!said.IsCompleted)
            connection.DropBuffer();
        return said;
    }
}
