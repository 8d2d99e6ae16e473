using System.Collections.Immutable;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Threading.Channels;

namespace Sluice.Router;

/// <summary>
/// The server's line to the router, over its control socket. While one router hands over to the next two of them run: a push
/// goes to both, a drain waits for both, lines come from both.
/// </summary>
/// <param name="term">Of the server that pushes; null for who is none.</param>
public sealed class RouterClient(DataFolder data, ServerTerm? term = null)
{
    internal static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web);

    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(50);

    /// <summary>How long a push waits for a router to be there; 10 s unless a test says otherwise.</summary>
    internal TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Returns when the router serves by this table (and has saved it): from then on no new request reaches a target that is not in it.
    /// The same table again is harmless; another one with a number that is not higher is refused as a conflict.
    /// <see cref="RouterAwayException"/> after 10 s without a router.</summary>
    public async Task PushAsync(RouteTable table, CancellationToken ct)
    {
        // A router that starts meanwhile opens its socket before it reads the saved table. So when no socket is new after one round,
        // every router either acknowledged or reads what another saved.
        var asked = new HashSet<string>();
        var acknowledged = false;
        using var patience = Impatience(ct);
        while (true)
        {
            var fresh = data.RouterSockets.Where(asked.Add).ToArray();
            foreach (var socket in fresh)
                acknowledged |= await PushToAsync(socket, table, ct);
            if (acknowledged && fresh.Length == 0)
                return;
            if (!acknowledged)
                await LookAgainAsync(patience.Token, ct);
        }
    }

    /// <summary>The table that the router serves by now; number 0 and empty when it has none.</summary>
    public async Task<RouteTable> CurrentAsync(CancellationToken ct)
    {
        using var patience = Impatience(ct);
        while (true)
        {
            RouteTable? newest = null;
            foreach (var socket in data.RouterSockets)
            {
                using var answer = await AskAsync(socket, HttpMethod.Get, "/table", null, ct);
                if (answer is null)
                    continue;
                var table = await answer.EnsureSuccessStatusCode().Content.ReadFromJsonAsync<RouteTable>(Json, ct);
                newest = newest is null || table!.Number > newest.Number ? table : newest;
            }
            if (newest is not null)
                return newest;
            await LookAgainAsync(patience.Token, ct);
        }
    }

    /// <summary>Waits until no request is in flight to <paramref name="dyno"/>, at most <paramref name="limit"/>. False when some still are.</summary>
    public async Task<bool> DrainedAsync(DynoId dyno, TimeSpan limit, CancellationToken ct)
    {
        var answers = await Task.WhenAll(data.RouterSockets.Select(async socket =>
        {
            using var answer = await AskAsync(socket, HttpMethod.Get, $"/drained/{dyno}?ms={(long)limit.TotalMilliseconds}", null, ct);
            return answer is null || await answer.EnsureSuccessStatusCode().Content.ReadFromJsonAsync<bool>(Json, ct);
        }));
        return answers.All(drained => drained);
    }

    /// <summary>Router log lines (<c>at=info method=GET …</c>) per app, as they come, first those that nobody has taken yet; each line goes to
    /// one listener. Ends when the router goes away: ask again.</summary>
    public async IAsyncEnumerable<RouterLine> LinesAsync([EnumeratorCancellation] CancellationToken ct)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(ct);
        var all = Channel.CreateBounded<RouterLine>(1024);
        var gathering = GatherAsync(all.Writer, stop.Token);
        try
        {
            await foreach (var line in all.Reader.ReadAllAsync(ct))
                yield return line;
        }
        finally
        {
            await stop.CancelAsync();
            await gathering.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>What each router that runs has counted since it began; none while there is none.</summary>
    public async Task<ImmutableArray<RouterCounts>> CountsAsync(CancellationToken ct)
    {
        var all = ImmutableArray.CreateBuilder<RouterCounts>();
        foreach (var socket in data.RouterSockets)
        {
            using var answer = await AskAsync(socket, HttpMethod.Get, "/counts", null, ct);
            if (answer is not null)
                all.Add((await answer.EnsureSuccessStatusCode().Content.ReadFromJsonAsync<RouterCounts>(Json, ct))!);
        }
        return all.ToImmutable();
    }

    /// <summary>Gives every router that runs this set of certificates, if it has another.</summary>
    internal Task GiveCertificatesAsync(byte[] text, CancellationToken ct) => GiveAsync("/certificates", text, ct);

    /// <summary>The same for what authorities are to find at names.</summary>
    /// <exception cref="RouterAwayException">No router runs.</exception>
    internal async Task GiveChallengesAsync(byte[] text, CancellationToken ct)
    {
        if (!await GiveAsync("/challenges", text, ct))
            throw new RouterAwayException();
    }

    /// <summary>True when a router answers.</summary>
    public async Task<bool> IsThereAsync(CancellationToken ct)
    {
        foreach (var socket in data.RouterSockets)
        {
            using var answer = await AskAsync(socket, HttpMethod.Get, "/ready", null, ct);
            if (answer is { IsSuccessStatusCode: true })
                return true;
        }
        return false;
    }

    /// <summary>False when no router runs.</summary>
    private async Task<bool> GiveAsync(string path, byte[] text, CancellationToken ct)
    {
        var digest = UploadedCertificates.DigestOf(text);
        var isThere = false;
        foreach (var socket in data.RouterSockets)
        {
            using var has = await AskAsync(socket, HttpMethod.Get, path, null, ct);
            if (has is null)
                continue;
            isThere = true;
            if (await has.EnsureSuccessStatusCode().Content.ReadAsStringAsync(ct) == digest)
                continue;
            using var content = new ByteArrayContent(text);
            using var given = await AskAsync(socket, HttpMethod.Put, path, content, ct);
            given?.EnsureSuccessStatusCode();
        }
        return isThere;
    }

    private async Task GatherAsync(ChannelWriter<RouterLine> all, CancellationToken ct)
    {
        var readers = new Dictionary<string, Task>();
        try
        {
            do
            {
                foreach (var socket in data.RouterSockets.Where(s => !readers.ContainsKey(s)))
                    readers[socket] = ReadLinesAsync(socket, all, ct);
                await Task.WhenAny(Task.WhenAny(readers.Values.Append(Task.Delay(Timeout.Infinite, ct))), Task.Delay(500, ct));
                foreach (var (socket, _) in readers.Where(r => r.Value.IsCompleted).ToArray())
                    readers.Remove(socket);
            }
            while (readers.Count > 0);
            all.TryComplete();
        }
        catch (OperationCanceledException)
        {
            all.TryComplete();
        }
        finally
        {
            await Task.WhenAll(readers.Values).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private static async Task ReadLinesAsync(string socket, ChannelWriter<RouterLine> all, CancellationToken ct)
    {
        using var answer = await AskAsync(socket, HttpMethod.Get, "/lines", null, ct);
        if (answer is null)
            return;
        using var reader = new StreamReader(await answer.EnsureSuccessStatusCode().Content.ReadAsStreamAsync(ct));
        try
        {
            while (await reader.ReadLineAsync(ct) is { } line)
                await all.WriteAsync(RouterLine.Parse(line), ct);
        }
        catch (Exception gone) when (gone is IOException or HttpRequestException or FormatException)
        {
            // The router died in the middle of a line; whoever wants more asks again.
        }
    }

    private async Task<bool> PushToAsync(string socket, RouteTable table, CancellationToken ct)
    {
        using var content = JsonContent.Create(table, options: Json);
        if (term is not null)
            content.Headers.Add(ServerTerm.Header, $"{term.Number}");
        using var answer = await AskAsync(socket, HttpMethod.Put, "/table", content, ct);
        if (answer is null)
            return false;
        if (answer.StatusCode == System.Net.HttpStatusCode.Gone)
            term?.NoteStale();
        if (!answer.IsSuccessStatusCode)
            throw Refuse.Conflict(await answer.Content.ReadAsStringAsync(ct));
        return true;
    }

    /// <summary>Null when nobody listens there (any more), or went away while asked.</summary>
    private static async Task<HttpResponseMessage?> AskAsync(string socket, HttpMethod method, string path, HttpContent? body, CancellationToken ct)
    {
        // The client lives as long as the answer's stream: one connection per question, closed with the answer.
        var client = new HttpClient(new SocketsHttpHandler
        {
            PooledConnectionLifetime = TimeSpan.Zero,
            ConnectCallback = async (_, token) =>
            {
                var unix = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
                try
                {
                    await unix.ConnectAsync(new UnixDomainSocketEndPoint(socket), token);
                    return new NetworkStream(unix, ownsSocket: true);
                }
                catch
                {
                    unix.Dispose();
                    throw;
                }
            },
        })
        { Timeout = Timeout.InfiniteTimeSpan };
        var request = new HttpRequestMessage(method, "http://router" + path) { Content = body };
        try
        {
            return await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, ct);
        }
        catch (HttpRequestException)
        {
            return null;
        }
    }

    private CancellationTokenSource Impatience(CancellationToken ct)
    {
        var patience = CancellationTokenSource.CreateLinkedTokenSource(ct);
        patience.CancelAfter(Patience);
        return patience;
    }

    private static async Task LookAgainAsync(CancellationToken patience, CancellationToken ct)
    {
        try
        {
            await Task.Delay(Look, patience);
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            throw new RouterAwayException();
        }
    }
}

/// <summary>No router answers: the platform's fault, never the app's. It serves by its saved table as soon as it is back.</summary>
public sealed class RouterAwayException() : Exception("The router does not answer.");
