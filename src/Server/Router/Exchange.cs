using Yarp.ReverseProxy.Forwarder;

namespace Sluice.Router;

/// <summary>
/// One request and its answer on their way through: keeps the path as it was sent, watches for the first byte, counts what goes back.
/// </summary>
internal sealed class Exchange : HttpTransformer, IDisposable
{
    private static readonly UriCreationOptions AsSent = new() { DangerousDisablePathAndQueryCanonicalization = true };

    private readonly HttpContext http;
    private readonly Stream? body;
    private readonly TimeSpan limit;
    private readonly Func<bool> isDraining;
    private readonly CancellationTokenSource firstByte;
    private CountingStream? counting;
    private long? length;
    private bool bodyRead;

    /// <param name="limit">Infinite: wait for ever.</param>
    public Exchange(HttpContext http, TimeSpan limit, Func<bool> isDraining)
    {
        this.http = http;
        this.limit = limit;
        this.isDraining = isDraining;
        Path = HeadRules.RawTarget(http);
        firstByte = new CancellationTokenSource(limit);
        // While the client still sends, the app cannot be late: each piece starts the clock again.
        if (http.Request.ContentLength is > 0 || http.Request.Headers.TransferEncoding.Count > 0)
            http.Request.Body = new NoticingStream(body = http.Request.Body, NoteBodyRead);
    }

    public string Path { get; }

    /// <summary>Cancelled when the first byte of the answer is late.</summary>
    public CancellationToken FirstByte => firstByte.Token;

    public bool Answered { get; private set; }

    /// <summary>False once a byte of the request's body was taken from the client: then it cannot be sent to someone else.</summary>
    public bool NothingSent => !bodyRead && !Answered;

    /// <summary>Bytes of body sent to the client, as far as known.</summary>
    public long Bytes => counting?.Count ?? length ?? 0;

    public override async ValueTask TransformRequestAsync(
        HttpContext httpContext, HttpRequestMessage proxyRequest, string destinationPrefix, CancellationToken cancellationToken)
    {
        await base.TransformRequestAsync(httpContext, proxyRequest, destinationPrefix, cancellationToken);
        proxyRequest.RequestUri = new Uri(destinationPrefix + (Path == "*" ? "/" : Path), AsSent);
    }

    public override async ValueTask<bool> TransformResponseAsync(
        HttpContext httpContext, HttpResponseMessage? proxyResponse, CancellationToken cancellationToken)
    {
        var copy = await base.TransformResponseAsync(httpContext, proxyResponse, cancellationToken);
        if (proxyResponse is null)
            return copy;
        Answered = true;
        firstByte.CancelAfter(Timeout.InfiniteTimeSpan);
        httpContext.Response.Headers.Via = "1.1 sluice";
        if (isDraining())
            httpContext.Response.Headers.Connection = "close";
        length = HttpMethods.IsHead(httpContext.Request.Method) ? 0 : proxyResponse.Content.Headers.ContentLength;
        if (length is null && proxyResponse.StatusCode != System.Net.HttpStatusCode.SwitchingProtocols)
            httpContext.Response.Body = counting = new CountingStream(httpContext.Response.Body);
        return copy;
    }

    public void Dispose()
    {
        // The next attempt, with another dyno, reads the same body.
        if (body is not null)
            http.Request.Body = body;
        firstByte.Dispose();
    }

    private void NoteBodyRead()
    {
        bodyRead = true;
        if (!Answered)
            firstByte.CancelAfter(limit);
    }
}
