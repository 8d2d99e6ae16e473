using System.Net;
using System.Net.Sockets;

namespace Sluice.Api;

/// <summary>
/// Fetches a source tarball from an address that a caller names. Since the server stands where callers may not reach, it connects only to
/// addresses of the public network, checked at the moment of connecting and again after each redirect.
/// </summary>
internal sealed class SourceFetch : IDisposable
{
    private const int MaxRedirects = 3;
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(10);

    private readonly HttpClient http;

    public SourceFetch()
        : this(PublicNetwork.Has)
    {
    }

    /// <param name="mayConnect">For tests: which addresses may be connected to.</param>
    /// <param name="resolve">For tests: what a name leads to.</param>
    internal SourceFetch(Func<IPAddress, bool> mayConnect, Func<string, IPAddress[]>? resolve = null) => http = new HttpClient(new SocketsHttpHandler
    {
        UseProxy = false,
        UseCookies = false,
        AllowAutoRedirect = false,   // by itself it goes on to any scheme, as if that were http
        ConnectTimeout = TimeSpan.FromSeconds(10),
        PooledConnectionLifetime = TimeSpan.Zero,
        ConnectCallback = (context, ct) => ConnectAsync(context.DnsEndPoint, mayConnect, resolve, ct),
    })
    { Timeout = Limit };

    /// <summary>Throws a refusal with the reason when it cannot be had.</summary>
    public async Task FetchAsync(string url, Func<Stream, Task> receive, CancellationToken ct)
    {
        if (!Uri.TryCreate(url, UriKind.Absolute, out var uri) || !IsGood(uri))
            throw Refuse.Invalid("source_blob.url must be an http or https address without a password.");
        try
        {
            using var answer = await AskAsync(uri, ct);
            if (!answer.IsSuccessStatusCode)
                throw Refuse.Invalid($"The source could not be fetched: {uri.Host} answered {(int)answer.StatusCode}.");
            await receive(await answer.Content.ReadAsStreamAsync(ct));
        }
        catch (HttpRequestException)
        {
            // One sentence for a host that there is not, one that does not answer and one that may not be asked: else callers learn what names this machine knows.
            throw Refuse.Invalid($"The source could not be fetched: {uri.Host} cannot be reached on the public network. Upload it with POST /sources.");
        }
        catch (TaskCanceledException) when (!ct.IsCancellationRequested)
        {
            throw Refuse.Invalid($"The source could not be fetched within {Limit.TotalMinutes} minutes.");
        }
    }

    public void Dispose() => http.Dispose();

    private static bool IsGood(Uri uri) => uri.Scheme is "http" or "https" && uri.UserInfo.Length == 0;

    /// <summary>The redirect itself when it is one too many, or leads to what may not be asked.</summary>
    private async Task<HttpResponseMessage> AskAsync(Uri uri, CancellationToken ct)
    {
        for (var redirects = 0; ; redirects++)
        {
            var answer = await http.GetAsync(uri, HttpCompletionOption.ResponseHeadersRead, ct);
            var isRedirect = answer.StatusCode is HttpStatusCode.MovedPermanently or HttpStatusCode.Found or HttpStatusCode.SeeOther or HttpStatusCode.TemporaryRedirect or HttpStatusCode.PermanentRedirect;
            if (!isRedirect || redirects == MaxRedirects || answer.Headers.Location is not { } location || !Uri.TryCreate(uri, location, out var next)
                || !IsGood(next) || (uri.Scheme == "https" && next.Scheme == "http"))
                return answer;
            answer.Dispose();
            uri = next;
        }
    }

    private static async ValueTask<Stream> ConnectAsync(DnsEndPoint to, Func<IPAddress, bool> mayConnect, Func<string, IPAddress[]>? resolve, CancellationToken ct)
    {
        var socket = await PublicNetwork.ConnectAsync(to, mayConnect, ct, resolve)
            ?? throw Refuse.Invalid($"The source could not be fetched: {to.Host} is not on the public network. Upload it with POST /sources.");
        return new NetworkStream(socket, ownsSocket: true);
    }
}
