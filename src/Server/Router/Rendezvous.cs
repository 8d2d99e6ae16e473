using System.Buffers;
using System.Net.Sockets;
using System.Text;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Sluice.Router;

/// <summary>
/// The other thing that is spoken over TLS on the one port: a connection to a one-off dyno, as <c>heroku run</c> opens it. Its first line is a secret and
/// nothing else, which no HTTP request's is. It becomes an upgraded request to the server, and from then on bytes go both ways as they are.
/// </summary>
internal sealed class Rendezvous(DataFolder data, RouterLimits limits)
{
    private const int LongestSecret = 2100, ShortestSecret = 16, LongestHead = 16 * 1024;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    /// <summary>Clients throw the first piece away: it says that somebody is there.</summary>
    private static readonly byte[] Greeting = "rendezvous\r\n"u8.ToArray();
    private static readonly TimeSpan AfterGreeting = TimeSpan.FromMilliseconds(100);

    public void Use(ListenOptions tls) => tls.Use(http => async connection =>
    {
        switch (await SecretAsync(connection))
        {
            case null: return;
            case "": await http(connection); return;
            case var secret: await MeetAsync(connection, secret); return;
        }
    });

    /// <summary>The secret, taken off the input; empty when it begins as HTTP does, untouched; null when nothing came, or the caller left.</summary>
    private static async Task<string?> SecretAsync(ConnectionContext connection)
    {
        var input = connection.Transport.Input;
        using var limit = new CancellationTokenSource(Patience);
        try
        {
            while (true)
            {
                var read = await input.ReadAsync(limit.Token);
                var (line, isOther) = FirstLine(read.Buffer);
                if (line is { } end)
                {
                    var secret = Encoding.ASCII.GetString(read.Buffer.Slice(0, end));
                    input.AdvanceTo(read.Buffer.GetPosition(1, read.Buffer.PositionOf((byte)'\n')!.Value));
                    return secret;
                }

                input.AdvanceTo(read.Buffer.Start, isOther ? read.Buffer.Start : read.Buffer.End);
                if (isOther)
                    return "";
                if (read.IsCompleted)
                    return null;
            }
        }
        catch (Exception e) when (e is OperationCanceledException or IOException or ConnectionAbortedException)
        {
            return null;
        }
    }

    /// <summary>Where the secret ends, once its line is there; or that this is none: every HTTP request has a blank in its first line.</summary>
    internal static (SequencePosition? End, bool IsOther) FirstLine(ReadOnlySequence<byte> buffer)
    {
        var reader = new SequenceReader<byte>(buffer);
        while (reader.TryRead(out var next))
        {
            if (next == '\r' && reader.Consumed > ShortestSecret)
            {
                var end = buffer.GetPosition(reader.Consumed - 1);
                return reader.TryRead(out var newline) ? newline == '\n' ? (end, false) : (null, true) : (null, false);
            }

            if (reader.Consumed > LongestSecret || !(char.IsAsciiLetterOrDigit((char)next) || next is (byte)'-' or (byte)'_'))
                return (null, true);
        }

        return (null, false);
    }

    private async Task MeetAsync(ConnectionContext connection, string secret)
    {
        var output = connection.Transport.Output;
        try
        {
            await using var server = await ServerProxy.ConnectAsync(data.ServerSocket, limits.ServerAway, connection.ConnectionClosed);
            var head = $"GET /rendezvous/{secret} HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: rendezvous\r\n\r\n";
            await server.WriteAsync(Encoding.ASCII.GetBytes(head), connection.ConnectionClosed);
            var isMet = await ReadHeadAsync(server, connection.ConnectionClosed);
            await output.WriteAsync(Greeting, connection.ConnectionClosed);
            await Task.Delay(AfterGreeting, connection.ConnectionClosed);
            if (isMet)
                await PassAsync(connection, (NetworkStream)server);
            else
                await output.WriteAsync("This one-off dyno is not there any more, or you may not run it. Run it again.\r\n"u8.ToArray(), connection.ConnectionClosed);
        }
        catch (Exception e) when (e is IOException or SocketException or OperationCanceledException or ConnectionResetException or ConnectionAbortedException)
        {
            // One of the two left; the other is told by the end of its connection.
        }
        finally
        {
            await output.CompleteAsync();
        }
    }

    /// <summary>Byte by byte, so that nothing behind the head is taken with it. True when the server met the caller.</summary>
    private static async Task<bool> ReadHeadAsync(Stream server, CancellationToken ct)
    {
        var head = new StringBuilder();
        var one = new byte[1];
        while (head.Length < LongestHead && await server.ReadAsync(one, ct) == 1)
        {
            head.Append((char)one[0]);
            if (one[0] == '\n' && head.Length >= 4 && head.ToString(head.Length - 4, 4) == "\r\n\r\n")
                return head.ToString(0, 12) == "HTTP/1.1 101";
        }

        return false;
    }

    private static async Task PassAsync(ConnectionContext connection, NetworkStream server)
    {
        var typing = TypeAsync(connection, server);
        var pieces = new ExitPieces();
        var buffer = new byte[16 * 1024];
        while (await server.ReadAsync(buffer, connection.ConnectionClosed) is var count and > 0)
        {
            foreach (var piece in pieces.Of(buffer.AsMemory(0, count)))
                await connection.Transport.Output.WriteAsync(piece, connection.ConnectionClosed);
        }

        if (pieces.Rest() is { Length: > 0 } rest)
            await connection.Transport.Output.WriteAsync(rest, connection.ConnectionClosed);
        await connection.Transport.Output.CompleteAsync();
        connection.Transport.Input.CancelPendingRead();
        await typing;
    }

    /// <summary>The caller's end is passed on as an end: the server then ends the dyno.</summary>
    private static async Task TypeAsync(ConnectionContext connection, NetworkStream server)
    {
        try
        {
            while (await connection.Transport.Input.ReadAsync(connection.ConnectionClosed) is { IsCanceled: false } read)
            {
                foreach (var part in read.Buffer)
                    await server.WriteAsync(part, connection.ConnectionClosed);
                connection.Transport.Input.AdvanceTo(read.Buffer.End);
                if (read.IsCompleted)
                    break;
            }
        }
        catch (Exception e) when (e is IOException or SocketException or OperationCanceledException or InvalidOperationException or ConnectionResetException or ConnectionAbortedException)
        {
            // Gone.
        }

        try
        {
            server.Socket.Shutdown(SocketShutdown.Send);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // The server left first.
        }
    }
}
