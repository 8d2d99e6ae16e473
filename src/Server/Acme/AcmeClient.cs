using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using Sluice.Jobs;
using Sluice.Logs;

namespace Sluice.Acme;

/// <summary>
/// Speaks to one authority (RFC 8555): signed requests, each with a nonce that is good for once. TLS is always verified; nothing is asked of anyone until
/// the first call. Redirects are not followed.
/// </summary>
internal sealed class AcmeClient : IDisposable
{
    internal static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { DefaultIgnoreCondition = System.Text.Json.Serialization.JsonIgnoreCondition.WhenWritingNull };

    private const int MostTries = 5, MostNonces = 16, MostBytes = 1 << 20, MostDetail = 400;
    private static readonly TimeSpan DirectoryFor = TimeSpan.FromHours(1);

    private readonly Authority authority;
    private readonly TimeProvider clock;
    private readonly HttpClient http;
    private readonly ConcurrentQueue<string> nonces = new();
    private (AcmeDirectory What, TimeSpan Until)? directory;

    public AcmeClient(Authority authority, TimeProvider clock)
    {
        (this.authority, this.clock) = (authority, clock);
        var handler = new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false, UseProxy = false, ConnectTimeout = TimeSpan.FromSeconds(10), ActivityHeadersPropagator = null };
        if (authority.Roots is { } roots)
        {
            var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
            policy.CustomTrustStore.ImportFromPem(roots);
            handler.SslOptions = new SslClientAuthenticationOptions { CertificateChainPolicy = policy };
        }
        http = new HttpClient(handler) { Timeout = TimeSpan.FromSeconds(30), MaxResponseContentBufferSize = MostBytes };
        http.DefaultRequestHeaders.UserAgent.ParseAdd("sluice");
    }

    /// <summary>Where the authority takes what; remembered for an hour.</summary>
    public async Task<AcmeDirectory> DirectoryAsync(CancellationToken ct)
    {
        if (directory is { } known && clock.Monotonic < known.Until)
            return known.What;
        using var answer = await SendAsync(() => new HttpRequestMessage(HttpMethod.Get, authority.Directory), ct);
        await RefuseAsync(answer, ct);
        var found = await ReadAsync<AcmeDirectory>(answer, ct);
        directory = (found, clock.Monotonic + DirectoryFor);
        return found;
    }

    /// <summary>Makes the account of a key, or finds the one it has: safe to repeat.</summary>
    public async Task<Uri> RegisterAsync(AcmeKey key, CancellationToken ct)
    {
        var to = await DirectoryAsync(ct);
        if (to.Meta?.ExternalAccountRequired == true)
            throw new AcmeException($"{authority.Directory.Host} wants accounts that were made with it before (external account binding), which Sluice does not do: choose another authority.");
        if (to.Meta?.TermsOfService is { } terms && !authority.HasAgreed)
            throw new AcmeException($"{authority.Directory.Host} asks for agreement to its terms of service, {Clean(terms)}: who runs this server reads them and starts it with sluice up --acme-agree.");
        string[]? contact = authority.Email is { } email ? ["mailto:" + email] : null;
        var made = await PostAsync<JsonElement>(to.NewAccount, key, account: null, new { termsOfServiceAgreed = authority.HasAgreed, contact }, ct);
        return made.Location ?? throw new AcmeException($"{authority.Directory.Host} made an account and did not say where.");
    }

    public async Task<AcmeAnswer<AcmeOrder>> OrderAsync(AcmeAccount account, string hostname, CancellationToken ct) => await PostAsync<AcmeOrder>(
        (await DirectoryAsync(ct)).NewOrder, account.Key, account.Url, new { identifiers = new[] { new { type = "dns", value = hostname } } }, ct);

    /// <summary>What lies at an address (POST-as-GET).</summary>
    public Task<AcmeAnswer<T>> GetAsync<T>(AcmeAccount account, Uri url, CancellationToken ct) => PostAsync<T>(url, account.Key, account.Url, payload: null, ct);

    public Task<AcmeAnswer<T>> PostAsync<T>(AcmeAccount account, Uri url, object payload, CancellationToken ct) => PostAsync<T>(url, account.Key, account.Url, payload, ct);

    /// <summary>A certificate and those that lead to its authority, in PEM form.</summary>
    public async Task<string> DownloadAsync(AcmeAccount account, Uri url, CancellationToken ct)
    {
        using var answer = await PostAsync(url, account.Key, account.Url, payload: null, ct);
        return await answer.Content.ReadAsStringAsync(ct);
    }

    public void Dispose() => http.Dispose();

    private async Task<AcmeAnswer<T>> PostAsync<T>(Uri url, AcmeKey key, Uri? account, object? payload, CancellationToken ct)
    {
        using var answer = await PostAsync(url, key, account, payload, ct);
        return new AcmeAnswer<T>(await ReadAsync<T>(answer, ct), answer.Headers.Location, RetryAfter(answer));
    }

    /// <summary>Sends again, with the nonce that came along, when one was too old.</summary>
    private async Task<HttpResponseMessage> PostAsync(Uri url, AcmeKey key, Uri? account, object? payload, CancellationToken ct)
    {
        if (url.Scheme != Uri.UriSchemeHttps)
            throw new AcmeException($"{authority.Directory.Host} named an address without TLS, and nothing is sent there.");
        for (var attempt = 1; ; attempt++)
        {
            var nonce = await NonceAsync(ct);
            var answer = await SendAsync(
                () => new HttpRequestMessage(HttpMethod.Post, url)
                {
                    Content = new ByteArrayContent(key.Sign(url, nonce, account, payload)) { Headers = { ContentType = new MediaTypeHeaderValue("application/jose+json") } },
                },
                ct);
            try
            {
                await RefuseAsync(answer, ct);
                return answer;
            }
            catch (AcmeException stale) when (stale.Problem?.Is("badNonce") == true && attempt < MostTries)
            {
                answer.Dispose();
            }
            catch
            {
                answer.Dispose();
                throw;
            }
        }
    }

    private async Task<string> NonceAsync(CancellationToken ct)
    {
        if (nonces.TryDequeue(out var kept))
            return kept;
        var from = (await DirectoryAsync(ct)).NewNonce;
        using var answer = await SendAsync(() => new HttpRequestMessage(HttpMethod.Head, from), ct);
        return nonces.TryDequeue(out var fresh) ? fresh : throw new AcmeException($"{authority.Directory.Host} gives no nonce, and so nothing can be asked of it.");
    }

    private async Task<HttpResponseMessage> SendAsync(Func<HttpRequestMessage> request, CancellationToken ct)
    {
        using var sent = request();
        try
        {
            var answer = await http.SendAsync(sent, ct);
            if (answer.Headers.TryGetValues("Replay-Nonce", out var fresh) && nonces.Count < MostNonces)
                nonces.Enqueue(fresh.First());
            return answer;
        }
        catch (Exception e) when (e is HttpRequestException or OperationCanceledException && !ct.IsCancellationRequested)
        {
            var why = e is HttpRequestException { HttpRequestError: HttpRequestError.SecureConnectionError } ? "its certificate is not trusted here" : "it does not answer";
            throw new AcmeException($"{authority.Directory.Host} could not be asked: {why}.", inner: e);
        }
    }

    /// <exception cref="AcmeException">The answer is a refusal.</exception>
    private async Task RefuseAsync(HttpResponseMessage answer, CancellationToken ct)
    {
        if (answer.IsSuccessStatusCode)
            return;
        var text = await answer.Content.ReadAsStringAsync(ct);
        AcmeProblem? problem = null;
        if (answer.Content.Headers.ContentType?.MediaType is "application/problem+json" or "application/json")
        {
            try
            {
                problem = JsonSerializer.Deserialize<AcmeProblem>(text, Json);
            }
            catch (JsonException)
            {
                // Then the status has to do.
            }
        }
        var said = problem?.Detail is { Length: > 0 } detail ? Clean(detail) : $"HTTP status {(int)answer.StatusCode}";
        throw new AcmeException($"{authority.Directory.Host} refused: {said}", problem ?? (answer.StatusCode == HttpStatusCode.NotFound ? new AcmeProblem(null, null) : null), RetryAfter(answer));
    }

    private async Task<T> ReadAsync<T>(HttpResponseMessage answer, CancellationToken ct)
    {
        try
        {
            return JsonSerializer.Deserialize<T>(await answer.Content.ReadAsByteArrayAsync(ct), Json) ?? throw new JsonException("null");
        }
        catch (JsonException e)
        {
            throw new AcmeException($"{authority.Directory.Host} answered something that is no ACME.", inner: e);
        }
    }

    private TimeSpan? RetryAfter(HttpResponseMessage answer) => answer.Headers.RetryAfter switch
    {
        { Delta: { } wait } => wait,
        { Date: { } at } => at - clock.GetUtcNow(),
        _ => null,
    };

    /// <summary>Text from outside: one line, no controls, not too long.</summary>
    internal static string Clean(string text) => LogText.Clean(text) is var clean && clean.Length <= MostDetail ? clean : clean[..MostDetail] + "…";
}
