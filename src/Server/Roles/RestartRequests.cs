using System.Net.Sockets;

namespace Sluice.Roles;

/// <summary>The supervisor's socket: one line <c>server</c>, <c>router</c>, <c>agent</c> or <c>all</c>, answered by <c>ok</c> or a sentence. Only whoever runs <c>up</c> may open it.</summary>
internal sealed class RestartRequests(DataFolder data, Func<string, CancellationToken, Task<string>> restart)
{
    public async Task ServeAsync(CancellationToken ct)
    {
        using var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        listener.Bind(new UnixDomainSocketEndPoint(data.SupervisorSocket));
        File.SetUnixFileMode(data.SupervisorSocket, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        listener.Listen(8);
        while (true)
        {
            using var asking = await listener.AcceptAsync(ct);
            await using var stream = new NetworkStream(asking);
            try
            {
                using var reader = new StreamReader(stream, leaveOpen: true);
                await using var writer = new StreamWriter(stream);
                if (await reader.ReadLineAsync(ct) is { } what)
                    await writer.WriteLineAsync(await restart(what, ct));
            }
            catch (IOException)
            {
                // Whoever asked left; the restart was done all the same.
            }
        }
    }

    /// <summary><c>sluice restart ROLE|all [--data DIR]</c>. Null when it was done, else a sentence.</summary>
    public static async Task<string?> AskAsync(DataFolder data, string what)
    {
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(data.SupervisorSocket));
        }
        catch (SocketException)
        {
            return $"No Sluice runs on {data.Root}, or it is not yours: name its folder with --data.";
        }
        await using var stream = new NetworkStream(socket);
        await stream.WriteAsync(System.Text.Encoding.UTF8.GetBytes(what + "\n"));
        using var reader = new StreamReader(stream);
        return await reader.ReadLineAsync() is var answer && answer == "ok" ? null : answer ?? "Sluice stopped before it answered.";
    }
}
