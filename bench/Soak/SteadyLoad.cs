using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace Sluice.Soak;

/// <summary>
/// Asks one app so many times a second, whether or not earlier requests were answered (an open loop), and judges every answer: it must be a good one, and from
/// a release that could be running between the moment of asking and the moment of the answer.
/// </summary>
internal sealed class SteadyLoad : IAsyncDisposable
{
    private const int MostNotes = 20;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly HttpClient http;
    private readonly Uri address;
    private readonly string host;
    private readonly double perSecond;
    private readonly CancellationTokenSource closing = new();
    private readonly ConcurrentQueue<string> notes = new();
    private readonly List<string[]> eras;
    private readonly List<TimeSpan> times = [];
    private readonly Task sending;
    private int era, sent, inFlight, failed, wrong, held;

    /// <summary>At most so many wait for an answer at once; more are held. Few, where a machine may be too busy to answer in time and only outcomes count.</summary>
    public int MostInFlight { get; init; } = 4_000;

    /// <param name="expected">What an answer contains, one of these; see <see cref="Expect"/>.</param>
    public SteadyLoad(int port, string host, double perSecond, params string[] expected)
    {
        http = new HttpClient(new SocketsHttpHandler
        {
            UseProxy = false,
            AllowAutoRedirect = false,
            PooledConnectionIdleTimeout = TimeSpan.FromSeconds(5),
            ConnectCallback = ConnectAsync,
        })
        { Timeout = Patience };
        address = new Uri($"http://127.0.0.1:{port}/");
        this.host = host;
        this.perSecond = perSecond;
        eras = [expected];
        sending = Task.Run(SendAllAsync);
    }

    public int Sent => Volatile.Read(ref sent);

    /// <summary>Without an answer, or with one that is not 200.</summary>
    public int Failed => Volatile.Read(ref failed);

    /// <summary>Answered 200 by a release that no longer, or not yet, could be running.</summary>
    public int Wrong => Volatile.Read(ref wrong);

    /// <summary>Not sent at their time since <see cref="MostInFlight"/> others waited for an answer.</summary>
    public int Held => Volatile.Read(ref held);

    /// <summary>The first few of what was seen instead of the expected.</summary>
    public IReadOnlyCollection<string> Notes => notes;

    /// <summary>From the moment a request was due to the end of its answer.</summary>
    public IReadOnlyList<TimeSpan> Times
    {
        get
        {
            lock (times)
                return [.. times];
        }
    }

    /// <summary>What answers contain from now on. One that was asked for before may still say what held then.</summary>
    public void Expect(params string[] texts)
    {
        lock (eras)
        {
            eras.Add(texts);
            Volatile.Write(ref era, eras.Count - 1);
        }
    }

    /// <summary>Sends no more and waits for the answers to what was sent.</summary>
    public async Task StopAsync()
    {
        await closing.CancelAsync();
        await sending;
        while (Volatile.Read(ref inFlight) > 0)
            await Task.Delay(5);
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        http.Dispose();
        closing.Dispose();
    }

    private static async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken ct)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(context.DnsEndPoint.Host, context.DnsEndPoint.Port, ct);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private async Task SendAllAsync()
    {
        var start = Stopwatch.GetTimestamp();
        for (var due = 0L; !closing.IsCancellationRequested; due++)
        {
            var wait = TimeSpan.FromSeconds(due / perSecond) - Stopwatch.GetElapsedTime(start);
            if (wait > TimeSpan.FromMilliseconds(1))
                await Task.Delay(wait, closing.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (closing.IsCancellationRequested)
                return;
            if (Volatile.Read(ref inFlight) >= MostInFlight)
            {
                Interlocked.Increment(ref held);
                continue;
            }
            Interlocked.Increment(ref inFlight);
            _ = AskAsync(start + (long)(due / perSecond * Stopwatch.Frequency));
        }
    }

    private async Task AskAsync(long due)
    {
        var asked = Volatile.Read(ref era);
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, address) { Headers = { Host = host } };
            using var answer = await http.SendAsync(request, CancellationToken.None);
            var text = await answer.Content.ReadAsStringAsync(CancellationToken.None);
            lock (times)
                times.Add(Stopwatch.GetElapsedTime(due));
            if (answer.StatusCode != HttpStatusCode.OK)
                Note(ref failed, $"{(int)answer.StatusCode} {text}");
            else if (!CouldSay(text, asked))
                Note(ref wrong, $"not one of {string.Join(" | ", eras[^1])}: {text}");
        }
        catch (Exception e) when (e is HttpRequestException or OperationCanceledException or IOException)
        {
            Note(ref failed, $"{e.Message} {e.InnerException?.Message}");
        }
        finally
        {
            Interlocked.Increment(ref sent);
            Interlocked.Decrement(ref inFlight);
        }
    }

    private bool CouldSay(string text, int since)
    {
        lock (eras)
            return eras.Skip(since).Any(texts => texts.Length == 0 || Array.Exists(texts, t => text.Contains(t, StringComparison.Ordinal)));
    }

    private void Note(ref int count, string what)
    {
        Interlocked.Increment(ref count);
        if (notes.Count < MostNotes)
            notes.Enqueue(what[..Math.Min(what.Length, 300)]);
    }
}
