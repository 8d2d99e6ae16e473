using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;

namespace Sluice.Soak;

/// <summary>
/// Nonsense to every route of the API, by an account that owns a handful of apps and by one that owns nothing. Every answer must be one, carry the id of its own
/// request, and be no 500; a refusal must say so in words.
/// </summary>
internal sealed class ApiFuzz : IDisposable
{
    private const int MostApps = 30, MostRead = 256 * 1024;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60), OfAStream = TimeSpan.FromMilliseconds(200);

    private readonly HttpClient http;
    private readonly IReadOnlyList<string> routes;
    private readonly int seed;
    private readonly string administrator;
    private readonly string[] keys;
    private readonly ConcurrentQueue<string> faults = new();
    private readonly ConcurrentDictionary<int, int> statuses = new();
    private int sent;

    private ApiFuzz(HttpClient http, IReadOnlyList<string> routes, int seed, string administrator, string[] keys) =>
        (this.http, this.routes, this.seed, this.administrator, this.keys) = (http, routes, seed, administrator, keys);

    public int Sent => Volatile.Read(ref sent);
    public IReadOnlyCollection<string> Faults => faults;
    public IReadOnlyDictionary<int, int> Statuses => statuses;

    /// <param name="contract"><c>docs/api-contract.json</c>.</param>
    public static async Task<ApiFuzz> StartAsync(Uri server, string administrator, string contract, int seed, CancellationToken ct)
    {
        var http = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false, UseProxy = false, UseCookies = false }) { BaseAddress = server, Timeout = Patience };
        using var json = JsonDocument.Parse(contract);
        string[] routes = [.. json.RootElement.GetProperty("routes").EnumerateObject().Select(r => r.Name)];
        string[] keys = [await NewKeyAsync(http, administrator, $"mallory-{seed}", ct), await NewKeyAsync(http, administrator, $"trudy-{seed}", ct)];
        await AskAsync(http, keys[0], HttpMethod.Post, "/pipelines", new { name = $"fuzz-{seed}" }, ct);
        for (var i = 0; i < 3; i++)
        {
            await AskAsync(http, keys[0], HttpMethod.Post, "/apps", new { name = $"fuzz-{seed}-{i}" }, ct);
            await AskAsync(http, keys[0], HttpMethod.Post, "/pipeline-couplings", new { app = $"fuzz-{seed}-{i}", pipeline = $"fuzz-{seed}", stage = i == 0 ? "staging" : "production" }, ct);
        }
        return new ApiFuzz(http, routes, seed, administrator, keys);
    }

    public async Task RunAsync(int count, int atOnce, CancellationToken ct) =>
        await Task.WhenAll(Enumerable.Range(0, atOnce).Select(worker => WorkAsync(worker, count / atOnce, ct)));

    public void Dispose() => http.Dispose();

    private async Task WorkAsync(int worker, int count, CancellationToken ct)
    {
        var grammar = new ApiGrammar(unchecked((seed * 486187739) + worker), routes);
        foreach (var path in new[] { "/apps", "/pipelines", "/pipeline-couplings", $"/apps/fuzz-{seed}-0/releases", "/account" })
            grammar.Learn(Encoding.UTF8.GetBytes((await AskAsync(http, keys[0], HttpMethod.Get, path, null, ct)).GetRawText()));
        for (var i = 0; i < count && faults.Count < 20; i++)
        {
            await SendAsync(grammar, grammar.Next(), $"fuzz-{seed:d6}-{worker:d4}-{i:d10}", worker, i, ct);
            if (worker == 0 && i % 100 == 99)
                await TidyAsync(ct);
        }
    }

    private async Task SendAsync(ApiGrammar grammar, ApiRequest asked, string id, int worker, int i, CancellationToken ct)
    {
        var key = (i % 16) switch { 14 => "sluice_nobody", 15 => keys[1], _ => keys[0] };
        using var request = new HttpRequestMessage(new HttpMethod(asked.Method), new Uri(http.BaseAddress!.GetLeftPart(UriPartial.Authority) + asked.Path, new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true }));
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", key);
        request.Headers.TryAddWithoutValidation("Request-Id", id);
        foreach (var (name, value) in asked.Headers)
            request.Headers.TryAddWithoutValidation(name, value);
        if (asked.Body is { } body)
        {
            request.Content = new ByteArrayContent(body);
            request.Content.Headers.TryAddWithoutValidation("Content-Type", new string([.. asked.ContentType.Where(c => c is > ' ' and < '\u007f')]));
        }
        var start = Stopwatch.GetTimestamp();
        try
        {
            using var answer = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, ct);
            var said = await ReadAsync(answer, ct);
            Interlocked.Increment(ref sent);
            Check(asked, id, answer, said);
            if (worker < 1000 && answer.IsSuccessStatusCode)
                grammar.Learn(said);
        }
        catch (Exception e) when (e is HttpRequestException or IOException or OperationCanceledException && !ct.IsCancellationRequested)
        {
            faults.Enqueue($"{Show(asked)}: no answer after {Stopwatch.GetElapsedTime(start).TotalSeconds:0.0} s: {e.Message} {e.InnerException?.Message}");
        }
    }

    private void Check(ApiRequest asked, string id, HttpResponseMessage answer, byte[] said)
    {
        var status = (int)answer.StatusCode;
        statuses.AddOrUpdate(status, 1, (_, n) => n + 1);
        var text = Encoding.UTF8.GetString(said);
        if (status >= 500 && status is not (501 or 503 or 505 or 507))
            faults.Enqueue($"{Show(asked)}: {status} {text}");
        // Refused at the door, before anybody read its id; or a page's.
        var carries = answer.Headers.TryGetValues("Request-Id", out var ids) ? ids.First() : null;
        if (carries is not null && carries != id)
            faults.Enqueue($"{Show(asked)}: asked as {id} and answered as {carries}");
        if (status >= 400 && said.Length > 0 && answer.Content.Headers.ContentType?.MediaType == "application/json" && !text.Contains("\"message\"", StringComparison.Ordinal))
            faults.Enqueue($"{Show(asked)}: refused without a sentence: {status} {text}");
    }

    /// <summary>Of a stream that does not end, what comes at once.</summary>
    private static async Task<byte[]> ReadAsync(HttpResponseMessage answer, CancellationToken ct)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(ct);
        limit.CancelAfter(answer.Content.Headers.ContentLength is null && answer.Content.Headers.ContentType?.MediaType != "application/json" ? OfAStream : Patience);
        using var said = new MemoryStream();
        var buffer = new byte[8192];
        try
        {
            await using var stream = await answer.Content.ReadAsStreamAsync(limit.Token);
            while (said.Length < MostRead && await stream.ReadAsync(buffer, limit.Token) is > 0 and var count)
                said.Write(buffer, 0, count);
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            // Enough of it.
        }
        return said.ToArray();
    }

    /// <summary>What the fuzz made must not become what is measured, and nonsense may have revoked its own key.</summary>
    private async Task TidyAsync(CancellationToken ct)
    {
        for (var i = 0; i < keys.Length; i++)
        {
            if (await AppsAsync(keys[i], ct) is not { } apps)
            {
                keys[i] = await NewKeyAsync(http, administrator, $"mallory-{seed}-{Sent}-{i}", ct);
                continue;
            }
            foreach (var app in apps.Skip(MostApps))
                using ((await http.SendAsync(Request(keys[i], HttpMethod.Delete, $"/apps/{app}", null), ct)))
                    continue;
        }
    }

    /// <summary>Names; null when the key opens nothing any more.</summary>
    private async Task<string[]?> AppsAsync(string key, CancellationToken ct)
    {
        using var request = Request(key, HttpMethod.Get, "/apps", null);
        using var answer = await http.SendAsync(request, ct);
        if (answer.StatusCode == HttpStatusCode.Unauthorized)
            return null;
        var apps = JsonSerializer.Deserialize<JsonElement>(await answer.EnsureSuccessStatusCode().Content.ReadAsStringAsync(ct));
        return [.. apps.EnumerateArray().Select(a => a.GetProperty("name").GetString()!)];
    }

    private static async Task<string> NewKeyAsync(HttpClient http, string administrator, string name, CancellationToken ct) =>
        (await AskAsync(http, administrator, HttpMethod.Post, "/accounts", new { email = $"{name}@example.com" }, ct)).GetProperty("api_key").GetString()!;

    private static async Task<JsonElement> AskAsync(HttpClient http, string key, HttpMethod method, string path, object? body, CancellationToken ct)
    {
        using var request = Request(key, method, path, body);
        using var answer = await http.SendAsync(request, ct);
        var text = await answer.Content.ReadAsStringAsync(ct);
        return answer.IsSuccessStatusCode ? JsonSerializer.Deserialize<JsonElement>(text) : throw new HttpRequestException($"{method} {path}: {(int)answer.StatusCode} {text}");
    }

    private static HttpRequestMessage Request(string key, HttpMethod method, string path, object? body) => new(method, path)
    {
        Headers = { Authorization = new AuthenticationHeaderValue("Bearer", key) },
        Content = body is null ? null : new StringContent(JsonSerializer.Serialize(body), Encoding.UTF8, "application/json"),
    };

    private static string Show(ApiRequest asked)
    {
        var body = asked.Body is null ? "" : Encoding.Latin1.GetString(asked.Body);
        return $"{asked.Route} as {asked.Method} {asked.Path[..Math.Min(asked.Path.Length, 300)]} {string.Join("; ", asked.Headers.Select(h => $"{h.Name}: {h.Value}"))} {body[..Math.Min(body.Length, 500)]}";
    }
}
