using System.Diagnostics;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;

namespace Sluice.Runtime;

/// <summary>
/// The agent's protocol, both ends. One request per connection on a Unix socket: a JSON line <c>{"op":"…","body":{…}}</c>, answered by frames
/// of one type byte, a 4-byte little-endian length, and bytes: <c>o</c> output (any number, as it comes), then one of
/// <c>r</c> result (JSON), <c>s</c> a newer server has taken over (see <see cref="ServerTerm"/>), <c>n</c> refusal (<c>{"kind","message"}</c>, thrown as <see cref="RefusedException"/>), <c>x</c> error (a sentence, thrown as <see cref="AgentException"/>).
/// Closing the connection cancels the request.
/// </summary>
/// <param name="term">Of the server that asks; null for who is none.</param>
public sealed class AgentClient(DataFolder data, ServerTerm? term = null)
{
    public static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web);

    private static readonly TimeSpan ConnectFor = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan BetweenTries = TimeSpan.FromMilliseconds(50);

    /// <summary>Asks and waits for the result. Output frames, if any, go to <paramref name="output"/> in order, each as it was sent (so one frame can be one JSON document).
    /// While the agent restarts, connecting is tried again for 10 s; a request that reached it is never sent twice.</summary>
    public async Task<TResult> CallAsync<TRequest, TResult>(
        string op, TRequest request, Func<ReadOnlyMemory<byte>, ValueTask>? output, CancellationToken ct)
    {
        using var socket = await ConnectAsync(ct);
        await using var stream = new NetworkStream(socket, ownsSocket: false);
        try
        {
            await AgentFrames.WriteRequestAsync(stream, op, request, term?.Number, ct);
            while (true)
            {
                var (type, bytes) = await AgentFrames.ReadAsync(stream, ct);
                switch (type)
                {
                    case AgentFrames.Output when output is not null: await output(bytes); break;
                    case AgentFrames.Output: break;
                    case AgentFrames.Stale:
                        term?.NoteStale();
                        throw new AgentException(ServerTerm.Sentence);
                    case AgentFrames.Result: return JsonSerializer.Deserialize<TResult>(bytes.Span, Json)!;
                    case AgentFrames.Refusal: throw JsonSerializer.Deserialize<AgentRefusal>(bytes.Span, Json)!.ToException();
                    default: throw new AgentException(Encoding.UTF8.GetString(bytes.Span));
                }
            }
        }
        catch (IOException e) when (!ct.IsCancellationRequested)
        {
            throw new AgentException($"The agent went away before it answered `{op}`.", e);
        }
    }

    private async Task<Socket> ConnectAsync(CancellationToken ct)
    {
        var started = Stopwatch.GetTimestamp();
        while (true)
        {
            var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            try
            {
                await socket.ConnectAsync(new UnixDomainSocketEndPoint(data.AgentSocket), ct);
                return socket;
            }
            catch (SocketException e) when (e.SocketErrorCode is not SocketError.AccessDenied && Stopwatch.GetElapsedTime(started) < ConnectFor)
            {
                socket.Dispose();
                await Task.Delay(BetweenTries, ct);
            }
            catch (SocketException e)
            {
                socket.Dispose();
                throw new AgentException($"The agent cannot be reached: {e.Message}.", e);
            }
        }
    }
}

/// <summary>The agent broke or cannot be reached: the platform's fault, never the app's.</summary>
public sealed class AgentException(string message, Exception? inner = null) : Exception(message, inner);
