using System.Net.Http.Headers;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Sluice.Wire;

/// <summary>
/// Talks to one server's HTTP API. Answers are the records of this project; a refusal is a <see cref="SluiceException"/>; a server that cannot be
/// reached is an <see cref="HttpRequestException"/>. Safe to use from many tasks.
/// </summary>
public sealed class SluiceClient : IDisposable
{
    private const string Accept = "application/vnd.heroku+json; version=3";

    private readonly HttpClient http;

    /// <summary>For addresses that are permissions themselves: it never sends the key.</summary>
    private readonly HttpClient keyless;

    /// <param name="server">Scheme, host and port; <c>http://localhost:5000</c>.</param>
    /// <param name="key">An API key.</param>
    /// <param name="handler">Null for the ordinary one; disposed with the client.</param>
    public SluiceClient(Uri server, string key, HttpMessageHandler? handler = null)
    {
        handler ??= new SocketsHttpHandler();
        http = new HttpClient(handler) { BaseAddress = server, Timeout = Timeout.InfiniteTimeSpan };
        keyless = new HttpClient(handler, disposeHandler: false) { BaseAddress = server, Timeout = Timeout.InfiniteTimeSpan };
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", key);
        http.DefaultRequestHeaders.TryAddWithoutValidation("Accept", Accept);
        http.DefaultRequestHeaders.UserAgent.ParseAdd("sluice");
    }

    /// <summary>Longest wait for an answer that is not a stream.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(60);

    public Uri Server => http.BaseAddress!;

    public Task<T> GetAsync<T>(string path, CancellationToken ct) => SendAsync<T>(new HttpRequestMessage(HttpMethod.Get, path), ct);

    /// <summary>The whole list, page after page.</summary>
    public Task<IReadOnlyList<T>> ListAsync<T>(string path, CancellationToken ct) => ListAsync<T>(path, range: null, onePage: false, ct);

    /// <summary>One page: <paramref name="range"/> is like <c>version ..; order=desc,max=15</c>.</summary>
    public Task<IReadOnlyList<T>> PageAsync<T>(string path, string range, CancellationToken ct) => ListAsync<T>(path, range, onePage: true, ct);

    /// <summary>Sends a body, or none when it is null.</summary>
    public Task<T> PostAsync<TBody, T>(string path, TBody? body, CancellationToken ct) => SendAsync<T>(WithBody(HttpMethod.Post, path, body), ct);

    public Task<T> PostAsync<T>(string path, CancellationToken ct) => SendAsync<T>(new HttpRequestMessage(HttpMethod.Post, path), ct);

    public Task<T> PatchAsync<TBody, T>(string path, TBody body, CancellationToken ct) => SendAsync<T>(WithBody(HttpMethod.Patch, path, body), ct);

    public Task<T> PutAsync<TBody, T>(string path, TBody body, CancellationToken ct) => SendAsync<T>(WithBody(HttpMethod.Put, path, body), ct);

    public Task DeleteAsync(string path, CancellationToken ct) => DoAsync(HttpMethod.Delete, path, ct);

    /// <summary>A request without a body whose answer says nothing that anyone reads.</summary>
    public async Task DoAsync(HttpMethod method, string path, CancellationToken ct)
    {
        using var request = new HttpRequestMessage(method, path);
        using var limit = Limit(ct);
        using var answer = await http.SendAsync(request, limit.Token);
        await ThrowIfRefusedAsync(answer, limit.Token);
    }

    /// <summary>Lines of a plain text stream (<c>output_stream_url</c>), as they come. The address is the permission: no key is sent.</summary>
    public async IAsyncEnumerable<string> LinesAsync(string url, [EnumeratorCancellation] CancellationToken ct)
    {
        using var answer = await OpenAsync(url, "text/plain", ct);
        using var reader = new StreamReader(await answer.Content.ReadAsStreamAsync(ct), Encoding.UTF8);
        while (await reader.ReadLineAsync(ct) is { } line)
            yield return line;
    }

    /// <summary>Data lines of a server-sent event stream (<c>logplex_url</c>), as they come, each with the id of its event (null before the first).
    /// The address is the permission: no key is sent.</summary>
    /// <param name="after">Id of the last event seen on an earlier connection, to go on after it; null from the start.</param>
    public async IAsyncEnumerable<(string? Id, string Data)> EventsAsync(string url, string? after, [EnumeratorCancellation] CancellationToken ct)
    {
        using var answer = await OpenAsync(url, "text/event-stream", ct, after);
        using var reader = new StreamReader(await answer.Content.ReadAsStreamAsync(ct), Encoding.UTF8);
        while (await reader.ReadLineAsync(ct) is { } line)
        {
            if (line.StartsWith("id:", StringComparison.Ordinal))
                after = line[3..].Trim();
            else if (line.StartsWith("data:", StringComparison.Ordinal))
                yield return (after, line.StartsWith("data: ", StringComparison.Ordinal) ? line[6..] : line[5..]);
        }
    }

    public void Dispose()
    {
        keyless.Dispose();
        http.Dispose();
    }

    private async Task<IReadOnlyList<T>> ListAsync<T>(string path, string? range, bool onePage, CancellationToken ct)
    {
        var all = new List<T>();
        do
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, path);
            if (range is not null)
                request.Headers.TryAddWithoutValidation("Range", range);
            using var limit = Limit(ct);
            using var answer = await http.SendAsync(request, limit.Token);
            await ThrowIfRefusedAsync(answer, limit.Token);
            all.AddRange(await ReadAsync<IReadOnlyList<T>>(answer, limit.Token));
            range = answer.Headers.TryGetValues("Next-Range", out var next) ? next.First() : null;
        }
        while (range is not null && !onePage);

        return all;
    }

    private async Task<T> SendAsync<T>(HttpRequestMessage request, CancellationToken ct)
    {
        using (request)
        {
            using var limit = Limit(ct);
            using var answer = await http.SendAsync(request, limit.Token);
            await ThrowIfRefusedAsync(answer, limit.Token);
            return await ReadAsync<T>(answer, limit.Token);
        }
    }

    private async Task<HttpResponseMessage> OpenAsync(string url, string accept, CancellationToken ct, string? lastEvent = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, url);
        if (lastEvent is not null)
            request.Headers.TryAddWithoutValidation("Last-Event-ID", lastEvent);
        request.Headers.Accept.ParseAdd(accept);
        var answer = await keyless.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, ct);
        try
        {
            await ThrowIfRefusedAsync(answer, ct);
            return answer;
        }
        catch
        {
            answer.Dispose();
            throw;
        }
    }

    private CancellationTokenSource Limit(CancellationToken ct)
    {
        var limit = CancellationTokenSource.CreateLinkedTokenSource(ct);
        limit.CancelAfter(Patience);
        return limit;
    }

    private static HttpRequestMessage WithBody<TBody>(HttpMethod method, string path, TBody? body) => new(method, path)
    {
        Content = body is null ? null : new ByteArrayContent(JsonSerializer.SerializeToUtf8Bytes(body, TypeOf<TBody>()))
        {
            Headers = { ContentType = new MediaTypeHeaderValue("application/json") },
        },
    };

    private static async Task<T> ReadAsync<T>(HttpResponseMessage answer, CancellationToken ct)
    {
        await using var body = await answer.Content.ReadAsStreamAsync(ct);
        return await JsonSerializer.DeserializeAsync(body, TypeOf<T>(), ct)
            ?? throw new SluiceException((int)answer.StatusCode, "unknown", "The server answered with nothing.");
    }

    private static JsonTypeInfo<T> TypeOf<T>() => (JsonTypeInfo<T>)(WireJson.Default.GetTypeInfo(typeof(T))
        ?? throw new NotSupportedException($"{typeof(T)} is not a record of the wire."));

    private static async Task ThrowIfRefusedAsync(HttpResponseMessage answer, CancellationToken ct)
    {
        if (answer.IsSuccessStatusCode)
            return;
        var status = (int)answer.StatusCode;
        var text = await answer.Content.ReadAsStringAsync(ct);
        throw Refusal(text) is { } refusal
            ? new SluiceException(status, refusal.Id, refusal.Message, refusal.Resource)
            : new SluiceException(status, "unknown", $"The server answered {status} {answer.ReasonPhrase}.");
    }

    private static ErrorWire? Refusal(string text)
    {
        try
        {
            return JsonSerializer.Deserialize(text, WireJson.Default.ErrorWire);
        }
        catch (JsonException)
        {
            return null;   // not one of ours: a proxy's page, or nothing
        }
    }
}
