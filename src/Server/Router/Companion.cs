using System.Buffers;
using System.Globalization;
using System.Text;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Sluice.Router;

/// <summary>
/// A proxy for the Heroku CLI that forwards nothing. It ends every tunnel (<c>CONNECT host:port</c>) in this process and answers from Sluice's own data,
/// so that hosts which that client has wired in are ours for whoever asked for it by <c>HTTPS_PROXY</c>. Any other host is refused.
/// </summary>
internal static class Companion
{
    private const int MaxHead = 8192;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    /// <summary>Whether a host, in lower case, is one that the Heroku CLI has wired in.</summary>
    public static bool IsWired(string host) =>
        host is "api.github.com" || host.EndsWith(".heroku.com", StringComparison.Ordinal) || host.EndsWith(".herokai.com", StringComparison.Ordinal);

    /// <summary>Whether a request or a handshake came in by the companion's port.</summary>
    public static bool IsOn(Microsoft.AspNetCore.Http.Features.IFeatureCollection features) => features.Get<Mark>() is not null;

    /// <summary>Comes before all else on the companion's port. What is no tunnel goes on as it is: a request with an absolute target.</summary>
    /// <param name="isOurs">Whether host (lower case) and port are this Sluice itself, or one of its apps.</param>
    public static void UseTunnels(this ListenOptions listen, Func<string, int, bool> isOurs) => listen.Use(next => async connection =>
    {
        connection.Features.Set(new Mark());
        if (await HeadAsync(connection) is not { } head)
            return;
        if (head.Length > 0)
        {
            var target = TargetOf(head);
            if (target is not { } to || !(IsWired(to.Host) || isOurs(to.Host, to.Port)))
            {
                await RefuseAsync(connection, target?.Host);
                return;
            }
            await connection.Transport.Output.WriteAsync("HTTP/1.1 200 Connection established\r\n\r\n"u8.ToArray());
        }
        await next(connection);
    });

    /// <summary>Head of a CONNECT, taken off the connection; empty when it begins otherwise, and then nothing was taken; null when the client said too little or too much.</summary>
    private static async ValueTask<string?> HeadAsync(ConnectionContext connection)
    {
        var input = connection.Transport.Input;
        using var limit = new CancellationTokenSource(Patience);
        try
        {
            while (true)
            {
                var read = await input.ReadAsync(limit.Token);
                var start = Encoding.Latin1.GetString(read.Buffer.Slice(0, Math.Min(read.Buffer.Length, MaxHead)));
                if (!start.StartsWith("CONNECT "[..Math.Min(start.Length, 8)], StringComparison.Ordinal))
                {
                    input.AdvanceTo(read.Buffer.Start);
                    return "";
                }
                if (start.IndexOf("\r\n\r\n", StringComparison.Ordinal) is >= 0 and var end)
                {
                    input.AdvanceTo(read.Buffer.GetPosition(end + 4));
                    return start[..end];
                }
                input.AdvanceTo(read.Buffer.Start, read.Buffer.End);
                if (read.IsCompleted || start.Length == MaxHead)
                    return null;
            }
        }
        catch (Exception e) when (e is OperationCanceledException or ConnectionResetException or ConnectionAbortedException)
        {
            return null;
        }
    }

    /// <summary><c>CONNECT host:port HTTP/1.1</c></summary>
    internal static (string Host, int Port)? TargetOf(string head)
    {
        var words = head.Split("\r\n")[0].Split(' ');
        var colon = words.Length == 3 ? words[1].LastIndexOf(':') : -1;
        return colon > 0 && int.TryParse(words[1].AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var port)
            ? (words[1][..colon].ToLowerInvariant(), port) : null;
    }

    private static async Task RefuseAsync(ConnectionContext connection, string? host)
    {
        var sentence = host is null ? "This proxy wants CONNECT host:port.\n"
            : $"Sluice's companion proxy forwards nothing, and {new string([.. host.Where(c => c is > ' ' and <= '~')])} is no host of its own. Unset HTTPS_PROXY to reach it.\n";
        var answer = $"HTTP/1.1 {(host is null ? "400 Bad Request" : "502 Bad Gateway")}\r\nContent-Type: text/plain\r\nContent-Length: {sentence.Length}\r\nConnection: close\r\n\r\n{sentence}";
        await connection.Transport.Output.WriteAsync(Encoding.ASCII.GetBytes(answer));
        await connection.Transport.Output.CompleteAsync();
    }

    private sealed record Mark;
}
