using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;

namespace Sluice.Runtime;

/// <summary>
/// The agent's side: a table of typed operations over the Unix socket that only the server's user may open. Who connects is asked of the
/// kernel (<c>SO_PEERCRED</c>): root, our own user and the system user <c>sluice</c> are served, others cut off.
/// </summary>
public sealed class AgentHost(DataFolder data)
{
    private delegate Task<byte[]> Operation(JsonElement body, Func<ReadOnlyMemory<byte>, ValueTask> write, CancellationToken ct);

    private static readonly TimeSpan StopWithin = TimeSpan.FromSeconds(5);
    private readonly Dictionary<string, Operation> operations = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<Task, byte> running = new();
    private readonly List<Func<CancellationToken, Task>> before = [];
    private readonly List<Func<Task>> after = [];

    /// <summary>Adds an operation. <c>write</c> sends output frames; the token is cancelled when the caller goes away.</summary>
    public AgentHost On<TRequest, TResult>(
        string op, Func<TRequest, Func<ReadOnlyMemory<byte>, ValueTask>, CancellationToken, Task<TResult>> handle)
    {
        operations.Add(op, async (body, write, ct) =>
            JsonSerializer.SerializeToUtf8Bytes(await handle(body.Deserialize<TRequest>(AgentClient.Json)!, write, ct), AgentClient.Json));
        return this;
    }

    /// <summary>To be done before the first request is taken.</summary>
    public AgentHost Before(Func<CancellationToken, Task> prepare)
    {
        before.Add(prepare);
        return this;
    }

    /// <summary>To be done after the last request has ended.</summary>
    public AgentHost After(Func<Task> close)
    {
        after.Add(close);
        return this;
    }

    /// <summary>Does what comes first; throws <see cref="AgentException"/> with a sentence when the agent may not run here.</summary>
    public async Task StartAsync(CancellationToken ct)
    {
        foreach (var prepare in before)
            await prepare(ct);
        before.Clear();
    }

    /// <summary>Serves until stopped (starts first, if nobody did); then gives running requests a moment to end.</summary>
    public async Task ServeAsync(CancellationToken ct)
    {
        await StartAsync(ct);
        using var listener = Listen();
        try
        {
            while (true)
            {
                var task = ServeOneAsync(await listener.AcceptAsync(ct), ct);
                running[task] = 0;
                _ = task.ContinueWith(t => running.TryRemove(t, out _), TaskScheduler.Default);
            }
        }
        catch (OperationCanceledException) when (ct.IsCancellationRequested)
        {
            await Task.WhenAny(Task.WhenAll(running.Keys), Task.Delay(StopWithin, CancellationToken.None));
            foreach (var close in after)
                await close();
        }
    }

    private Socket Listen()
    {
        // Made where only we may write, then moved: in the server's own folder a link could take the path's place between two of these steps.
        var fresh = Path.Combine(Directory.CreateDirectory(data.Sandboxes).FullName, "sock");
        File.Delete(fresh);
        var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        listener.Bind(new UnixDomainSocketEndPoint(fresh));
        File.SetUnixFileMode(fresh, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.GroupWrite);
        if (Libc.geteuid() == 0 && SystemUser.Sluice is { } user)
            Libc.Check(Libc.chown(fresh, 0, user.Gid), "Giving the agent's socket to the server's group");
        listener.Listen(256);
        Directory.CreateDirectory(data.Run);
        File.Move(fresh, data.AgentSocket, overwrite: true);
        return listener;
    }

    private async Task ServeOneAsync(Socket socket, CancellationToken stopping)
    {
        using var _ = socket;
        if (!MayAsk(socket))
            return;
        await using var stream = new NetworkStream(socket, ownsSocket: false);
        using var gone = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        try
        {
            if (await AgentFrames.ReadRequestAsync(stream, gone.Token) is not { } request)
                return;
            using var span = request.Trace is null ? null : Traces.Continue(request.Op, ActivityKind.Server, request.Trace);
            var hangUp = CancelOnHangUpAsync(stream, gone);
            var (type, answer) = await AnswerAsync(request, stream, gone.Token);
            if (type == AgentFrames.Error)
                span.End("errored");
            await AgentFrames.WriteAsync(stream, type, answer, gone.Token);
            socket.Shutdown(SocketShutdown.Send);
            await gone.CancelAsync();
            await hangUp;
        }
        catch (Exception e) when (e is IOException or SocketException or JsonException or OperationCanceledException)
        {
            // The caller left in the middle; what it asked for was cancelled by the token.
        }
    }

    private async Task<(byte Type, byte[] Bytes)> AnswerAsync(AgentRequest request, NetworkStream stream, CancellationToken ct)
    {
        try
        {
            if (ServerTerm.IsStale(data, request.Term))
                return (AgentFrames.Stale, []);
            if (!operations.TryGetValue(request.Op, out var operation))
                throw new AgentException($"The agent knows no operation `{request.Op}`: server and agent are of different versions.");
            using var one = new SemaphoreSlim(1);
            return (AgentFrames.Result, await operation(request.Body, Write, ct));

            async ValueTask Write(ReadOnlyMemory<byte> bytes)
            {
                await one.WaitAsync(ct);
                try
                {
                    await AgentFrames.WriteAsync(stream, AgentFrames.Output, bytes, ct);
                }
                finally
                {
                    one.Release();
                }
            }
        }
        catch (RefusedException e)
        {
            return (AgentFrames.Refusal, JsonSerializer.SerializeToUtf8Bytes(AgentRefusal.Of(e), AgentClient.Json));
        }
        catch (Exception e) when (!ct.IsCancellationRequested)
        {
            await Console.Error.WriteLineAsync($"agent: {request.Op} broke: {e}");
            return (AgentFrames.Error, Encoding.UTF8.GetBytes(e.Message));
        }
    }

    /// <summary>A caller sends nothing after its request, so whatever reading gives means that it left.</summary>
    private static async Task CancelOnHangUpAsync(NetworkStream stream, CancellationTokenSource gone)
    {
        try
        {
            _ = await stream.ReadAsync(new byte[1], gone.Token);
        }
        catch (Exception e) when (e is IOException or OperationCanceledException)
        {
            // Gone as well.
        }
        await gone.CancelAsync();
    }

    private static bool MayAsk(Socket socket)
    {
        var uid = PeerUid(socket);
        return uid == 0 || uid == Libc.geteuid() || uid == SystemUser.Sluice?.Uid;
    }

    private static unsafe uint PeerUid(Socket socket)
    {
        const int SolSocket = 1, PeerCred = 17;
        Libc.PeerCredentials peer;
        var size = (uint)sizeof(Libc.PeerCredentials);
        Libc.Check(Libc.getsockopt((int)socket.Handle, SolSocket, PeerCred, &peer, &size), "Asking who connected");
        return peer.Uid;
    }
}
