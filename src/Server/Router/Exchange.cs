using System.Net;
using Yarp.ReverseProxy.Forwarder;

namespace Sluice.Router;

/// <summary>
/// One request to the server and its answer on their way through: keeps the path as it was sent, knows whether anything went out yet, and passes an answer's head
/// on before there is a body.
/// </summary>
internal sealed class Exchange : HttpTransformer, IDisposable
{
    private static readonly UriCreationOptions AsSent = new() { DangerousDisablePathAndQueryCanonicalization = true };

    private readonly HttpContext http;
    private readonly Stream? body;
    private readonly Func<bool> isDraining;
    private bool isAnswered;
    private bool isBodyRead;

    public Exchange(HttpContext http, Func<bool> isDraining)
    {
        (this.http, this.isDraining) = (http, isDraining);
        if (http.Request.ContentLength is > 0 || http.Request.Headers.TransferEncoding.Count > 0)
            http.Request.Body = new NoticingStream(body = http.Request.Body, () => isBodyRead = true);
    }

    /// <summary>False once a byte of the request's body was taken from the client: then it cannot be sent again.</summary>
    public bool NothingSent => !isBodyRead && !isAnswered;

    public override async ValueTask TransformRequestAsync(
        HttpContext httpContext, HttpRequestMessage proxyRequest, string destinationPrefix, CancellationToken cancellationToken)
    {
        await base.TransformRequestAsync(httpContext, proxyRequest, destinationPrefix, cancellationToken);
        var path = HeadRules.RawTarget(httpContext);
        proxyRequest.RequestUri = new Uri(destinationPrefix + (path == "*" ? "/" : path), AsSent);
    }

    public override async ValueTask<bool> TransformResponseAsync(
        HttpContext httpContext, HttpResponseMessage? proxyResponse, CancellationToken cancellationToken)
    {
        var copy = await base.TransformResponseAsync(httpContext, proxyResponse, cancellationToken);
        if (proxyResponse is null)
            return copy;
        isAnswered = true;
        httpContext.Response.Headers.Via = "1.1 sluice";
        if (isDraining())
            httpContext.Response.Headers.Connection = "close";
        await PassHeadAsync(httpContext, proxyResponse, cancellationToken);
        return copy;
    }

    /// <summary>Who follows something is told at once that it is being followed, and not with the first thing that happens.</summary>
    internal static async Task PassHeadAsync(HttpContext http, HttpResponseMessage answer, CancellationToken ct)
    {
        if (answer.StatusCode != HttpStatusCode.SwitchingProtocols && answer.Content.Headers.ContentLength is null && !HttpMethods.IsHead(http.Request.Method))
            await http.Response.Body.FlushAsync(ct);
    }

    public void Dispose()
    {
        // The next attempt reads the same body.
        if (body is not null)
            http.Request.Body = body;
    }
}
