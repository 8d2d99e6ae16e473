using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Sluice.Runtime;

/// <summary>What a web dyno that boots is asked, beyond accepting on its port: well is who answers with 200 to 399. Once it is up nobody asks again.</summary>
/// <param name="Path">Asked for with GET.</param>
/// <param name="Host">Sent as Host: frameworks refuse names that they were not told of.</param>
public sealed record HealthCheck(string Path, string Host)
{
    /// <summary>The config var that names a path; it wins over <c>healthchecks</c> in app.json, and empty it says that the port is enough.</summary>
    public const string Variable = "HEALTHCHECK_PATH";

    private const int MaxLength = 500;

    /// <summary>What is wrong with a path, a sentence; null when it is good.</summary>
    public static string? Fault(string what, string path) => path.Length <= MaxLength && path.StartsWith('/') && path.All(c => c is > ' ' and <= '~')
        ? null : $"{what} must be a path like /healthz: a slash first, at most {MaxLength} plain characters, no blanks.";
}

/// <summary>Asks a dyno how it is. It may answer anything: no more than a status line is read of it.</summary>
internal static class HealthProbe
{
    private static readonly TimeSpan AcceptFor = TimeSpan.FromSeconds(1), AnswerFor = TimeSpan.FromSeconds(5);

    /// <summary>Null when it is well; else why it is not yet, with room for a time at <c>{0}</c>.</summary>
    public static async Task<string?> WhyNotAsync(IPEndPoint at, HealthCheck? check, CancellationToken ct)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        if (!await WithinAsync(AcceptFor, late => socket.ConnectAsync(at, late).AsTask(), ct))
            return "did not accept on $PORT within {0} s";
        if (check is null)
            return null;
        var status = 0;
        await WithinAsync(AnswerFor, async late => status = await StatusAsync(socket, check, late), ct);
        return status is >= 200 and < 400 ? null
            : status > 0 ? $"still answered {status} to GET {check.Path} after {{0}} s" : $"did not answer GET {check.Path} within {{0}} s";
    }

    /// <summary>0 for what is no HTTP.</summary>
    private static async Task<int> StatusAsync(Socket socket, HealthCheck check, CancellationToken ct)
    {
        var head = $"GET {check.Path} HTTP/1.1\r\nHost: {check.Host}\r\nUser-Agent: sluice-health\r\nX-Forwarded-Proto: https\r\nConnection: close\r\n\r\n";
        await socket.SendAsync(Encoding.ASCII.GetBytes(head), ct);
        var line = new byte["HTTP/1.1 200".Length];
        for (var count = 0; count < line.Length;)
        {
            var read = await socket.ReceiveAsync(line.AsMemory(count), ct);
            if (read == 0)
                return 0;
            count += read;
        }
        return line.AsSpan().StartsWith("HTTP/1."u8) && int.TryParse(line.AsSpan(9), out var status) ? status : 0;
    }

    /// <summary>False when it did not come about, for whatever reason but the caller's own leaving.</summary>
    private static async Task<bool> WithinAsync(TimeSpan limit, Func<CancellationToken, Task> work, CancellationToken ct)
    {
        using var late = CancellationTokenSource.CreateLinkedTokenSource(ct);
        late.CancelAfter(limit);
        try
        {
            await work(late.Token);
            return true;
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException)
        {
            ct.ThrowIfCancellationRequested();
            return false;
        }
    }
}
