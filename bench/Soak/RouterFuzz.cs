using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.RegularExpressions;

namespace Sluice.Soak;

/// <summary>
/// Hostile requests to a router with an <see cref="EchoDyno"/> behind it. Each connection brings a few of them and then a good one; what comes back must be
/// echoes of this connection's requests alone, in their order, and never a 500. Beside them good clients, whose every answer must be exactly theirs.
/// </summary>
internal sealed partial class RouterFuzz(int port, string host, int seed)
{
    private const int PerConnection = 4, Patience = 60;

    /// <summary>A connection whose last request never ended is given up when it is silent for so long.</summary>
    private static readonly TimeSpan Quiet = TimeSpan.FromMilliseconds(150);

    private readonly ConcurrentQueue<string> faults = new();
    private readonly ConcurrentDictionary<int, int> statuses = new();
    private int sent, good;

    /// <summary>False: what is behind it does not echo, so there is no good client to judge by.</summary>
    public bool IsBesideGoodOnes { get; init; } = true;

    public int Sent => Volatile.Read(ref sent);

    /// <summary>Requests of the good clients beside them.</summary>
    public int Good => Volatile.Read(ref good);

    /// <summary>Answers by status.</summary>
    public IReadOnlyDictionary<int, int> Statuses => statuses;

    public IReadOnlyCollection<string> Faults => faults;

    /// <summary>Sends so many, over so many connections at once.</summary>
    public async Task RunAsync(int count, int atOnce, CancellationToken ct)
    {
        using var done = CancellationTokenSource.CreateLinkedTokenSource(ct);
        var beside = Enumerable.Range(0, IsBesideGoodOnes ? 2 : 0).Select(i => AskWellAsync(i, done.Token)).ToArray();
        await Task.WhenAll(Enumerable.Range(0, atOnce).Select(worker => WorkAsync(worker, count / atOnce, ct)));
        await done.CancelAsync();
        await Task.WhenAll(beside);
    }

    private async Task WorkAsync(int worker, int count, CancellationToken ct)
    {
        var grammar = new HttpGrammar(HashCode(seed, worker), host);
        for (var i = 0; i < count && faults.Count < 20; i += PerConnection)
            await ConnectAsync(grammar, $"{worker}-{i}", ct);
    }

    private async Task ConnectAsync(HttpGrammar grammar, string id, CancellationToken ct)
    {
        using var said = new MemoryStream();
        for (var i = 0; i < PerConnection; i++)
            said.Write(grammar.Next($"{id}-{i}"));
        said.Write(Encoding.ASCII.GetBytes($"GET /f/{id}-last HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"));
        Interlocked.Add(ref sent, PerConnection + 1);
        using var client = new TcpClient { NoDelay = true, LingerState = new LingerOption(true, 0) };
        await client.ConnectAsync(IPAddress.Loopback, port, ct);
        Check(said.ToArray(), await TalkAsync(client.GetStream(), said.ToArray(), ct));
    }

    /// <summary>Writes and reads at once: who refuses the first request may close before it has read the last.</summary>
    private static async Task<string> TalkAsync(NetworkStream stream, byte[] said, CancellationToken ct)
    {
        using var writing = CancellationTokenSource.CreateLinkedTokenSource(ct);
        var written = Task.Run(async () =>
        {
            try
            {
                await stream.WriteAsync(said, writing.Token);
            }
            catch (Exception e) when (e is IOException or OperationCanceledException or ObjectDisposedException)
            {
                // Refused before its end.
            }
        }, ct);
        using var answer = new MemoryStream();
        var buffer = new byte[16 * 1024];
        try
        {
            while (true)
            {
                using var quiet = CancellationTokenSource.CreateLinkedTokenSource(ct);
                quiet.CancelAfter(Quiet);
                var count = await stream.ReadAsync(buffer, quiet.Token);
                if (count == 0)
                    break;
                answer.Write(buffer, 0, count);
            }
        }
        catch (Exception e) when (e is IOException or OperationCanceledException && !ct.IsCancellationRequested)
        {
            // Reset, or silent: the last request never ended, or waits for its body.
        }
        await writing.CancelAsync();
        await written;
        return Encoding.Latin1.GetString(answer.ToArray());
    }

    private void Check(byte[] said, string answers)
    {
        var asked = Encoding.Latin1.GetString(said);
        var at = 0;
        foreach (Match echo in Echo().Matches(answers))
        {
            // Of each echo, the place where this connection said it: behind that of the one before.
            var target = echo.Groups["target"].Value;
            var next = asked.IndexOf(target, at, StringComparison.Ordinal);
            if (next >= 0)
                at = next;
            else
                Fault(asked.Contains(target, StringComparison.Ordinal) ? $"answers out of order, {echo.Value}" : $"an answer to somebody else's request, {echo.Value}", said, answers);
        }
        foreach (Match line in Status().Matches(answers))
        {
            var status = int.Parse(line.Groups["status"].Value, System.Globalization.CultureInfo.InvariantCulture);
            statuses.AddOrUpdate(status, 1, (_, n) => n + 1);
            // There is a server all the time: that it is away would be a lie.
            if (status is 500 or > 505 || (!IsBesideGoodOnes && status == 503))
                Fault($"status {status}", said, answers);
        }
    }

    private async Task AskWellAsync(int who, CancellationToken ct)
    {
        using var http = new HttpClient { Timeout = TimeSpan.FromSeconds(Patience) };
        var random = new Random(HashCode(seed, -1 - who));
        for (var i = 0; !ct.IsCancellationRequested; i++)
        {
            var body = new byte[random.Next(5000)];
            random.NextBytes(body);
            var target = $"/good/{who}/{i}";
            using var request = new HttpRequestMessage(HttpMethod.Put, $"http://127.0.0.1:{port}{target}") { Content = new ByteArrayContent(body), Headers = { Host = host } };
            request.Headers.TransferEncodingChunked = random.Next(2) == 0;
            try
            {
                using var answer = await http.SendAsync(request, CancellationToken.None);
                var text = Encoding.Latin1.GetString(await answer.Content.ReadAsByteArrayAsync(CancellationToken.None));
                var expected = $"\u00ab{target}\u00bb {body.Length} {ReadBody.Add(ReadBody.Begin, body):x16}";
                if (answer.StatusCode is not (HttpStatusCode.NoContent or HttpStatusCode.NotModified) && text != expected)
                    faults.Enqueue($"a good client asked {target} and got {(int)answer.StatusCode} {text}");
            }
            catch (Exception e) when (e is HttpRequestException or OperationCanceledException)
            {
                faults.Enqueue($"a good client asked {target}: {e.Message} {e.InnerException?.Message}");
            }
            Interlocked.Increment(ref good);
        }
    }

    private void Fault(string what, byte[] said, string answers) => faults.Enqueue(
        $"{what}\n--- said:\n{Show(Encoding.Latin1.GetString(said))}\n--- answered:\n{Show(answers)}");

    private static string Show(string text) => text[..Math.Min(text.Length, 1500)].Replace("\r", "\\r", StringComparison.Ordinal);

    private static int HashCode(int a, int b) => unchecked((a * 486187739) + b);

    [GeneratedRegex("\u00ab(?<target>.*?)\u00bb", RegexOptions.Singleline)]
    private static partial Regex Echo();

    [GeneratedRegex(@"^HTTP/1\.1 (?<status>[0-9]{3})", RegexOptions.Multiline)]
    private static partial Regex Status();
}
