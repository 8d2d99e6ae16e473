using System.Buffers;
using System.Globalization;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Net.Http.Headers;

namespace Sluice.Router;

/// <summary>
/// What a request's head must not say, and what we say in its place. Nobody outside may speak as the router: every header in which
/// routers talk to apps is overwritten, and framing that two servers could read differently is refused.
/// </summary>
internal static class HeadRules
{
    internal const string Broken = "A header of this request holds a line break or a NUL.";
    internal const string NoName = "The name of a header of this request is none: letters, digits and dashes make one.";
    private static readonly SearchValues<char> Breaks = SearchValues.Create("\r\n\0");
    private static readonly SearchValues<char> OfNames = SearchValues.Create("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ");

    // One call to the system serves many ids.
    [ThreadStatic] private static byte[]? random;
    [ThreadStatic] private static int randomUsed;

    /// <summary>A sentence when the request is refused (400), else null.</summary>
    public static string? Refusal(HttpRequest request)
    {
        var headers = request.Headers;
        // Kestrel frames by Transfer-Encoding when both are there, and keeps the other under a name of its own.
        if (headers.TransferEncoding.Count > 0 && (headers.ContentLength is not null || headers.ContainsKey("X-Content-Length")))
            return "A request cannot have both Content-Length and Transfer-Encoding.";
        if (HttpMethods.IsTrace(request.Method) || (HttpMethods.IsConnect(request.Method) && !WebSockets.IsExtended(request.HttpContext)))
            return $"The method {request.Method} is not supported.";
        // HTTP/2 can carry it; in a line of HTTP/1.1 a space ends the address.
        if (RawTarget(request.HttpContext).AsSpan().ContainsAnyExceptInRange('!', '~'))
            return "The address of this request holds what must be written as % and two hex digits.";
        return null;
    }

    /// <summary>A sentence when a header is none (400), else null. On the way to an app each is looked at as it is written.</summary>
    public static string? BadHeader(HttpRequest request)
    {
        foreach (var (name, values) in request.Headers)
        {
            if (!IsName(name))
                return NoName;
            foreach (var value in values)
            {
                if (HoldsBreak(value))
                    return Broken;
            }
        }
        return null;
    }

    /// <summary>Letters, digits and the few signs of a header's name (RFC 9110, 5.1).</summary>
    internal static bool IsName(string name) => name.Length > 0 && !name.AsSpan().ContainsAnyExcept(OfNames);

    internal static bool HoldsBreak(string? value) => value.AsSpan().ContainsAny(Breaks);

    /// <summary>Rewrites the head of a request to the server.</summary>
    public static void Rewrite(HttpContext http, int port, long nowMs)
    {
        var headers = http.Request.Headers;
        RemoveHopByHop(headers);
        var id = RequestId(headers["X-Request-Id"].ToString());
        headers["X-Request-Id"] = id;
        headers["X-Forwarded-For"] = Client(http);
        headers["X-Forwarded-Proto"] = http.Request.Scheme;
        headers["X-Forwarded-Port"] = port.ToString(CultureInfo.InvariantCulture);
        headers["X-Request-Start"] = nowMs.ToString(CultureInfo.InvariantCulture);
        headers.Via = "1.1 sluice";
        headers.Remove("Forwarded");
        headers.Remove("X-Forwarded-Host");
        headers.Remove("X-Forwarded-Prefix");
        headers.Remove("X-Real-IP");
    }

    /// <summary>One of the methods that have a name; <c>_OTHER</c> for one of the visitor's own making.</summary>
    public static string KnownMethod(string method) =>
        method is "GET" or "HEAD" or "POST" or "PUT" or "PATCH" or "DELETE" or "OPTIONS" or "CONNECT" ? method : "_OTHER";

    public static string Client(HttpContext http)
    {
        var address = http.Connection.RemoteIpAddress;
        return address is null ? "unknown" : (address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address).ToString();
    }

    /// <summary>Path and query exactly as the client sent them; of an absolute-form target, its path and query.</summary>
    public static string RawTarget(HttpContext http)
    {
        var raw = http.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget;
        if (raw.StartsWith('/') || raw == "*")
            return raw;
        var scheme = raw.IndexOf("://", StringComparison.Ordinal);
        if (scheme < 0)
            return http.Request.Path.ToUriComponent() + http.Request.QueryString.ToUriComponent();
        var path = raw.IndexOfAny(['/', '?'], scheme + 3);
        return path < 0 ? "/" : raw[path] == '/' ? raw[path..] : "/" + raw[path..];
    }

    /// <summary>A client's own id is kept when it is 20 to 200 letters, digits, dashes or underscores (Heroku's rule), else one is made.</summary>
    internal static string RequestId(string given) =>
        given.Length is >= 20 and <= 200 && given.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_') ? given : NewRequestId();

    private static string NewRequestId()
    {
        const int Ids = 64;
        if (random is null || randomUsed == random.Length)
        {
            RandomNumberGenerator.Fill(random ??= new byte[Ids * 16]);
            randomUsed = 0;
        }
        randomUsed += 16;
        return new Guid(random.AsSpan(randomUsed - 16, 16)).ToString();
    }

    private static void RemoveHopByHop(IHeaderDictionary headers)
    {
        var isWebSocket = headers.Upgrade.ToString().Equals("websocket", StringComparison.OrdinalIgnoreCase);
        if (!isWebSocket && headers.Upgrade.Count > 0)
            headers.Remove(HeaderNames.Upgrade);
        headers.Remove("HTTP2-Settings");
        if (headers.Connection.Count == 0)
            return;
        foreach (var name in headers.Connection.ToString().Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            if (!IsOurs(name))
                headers.Remove(name);
        }
    }

    /// <summary>Naming one of these in Connection must not strip what carries the message itself.</summary>
    private static bool IsOurs(string name) =>
        name.Equals("upgrade", StringComparison.OrdinalIgnoreCase) || name.Equals("close", StringComparison.OrdinalIgnoreCase)
        || name.Equals("keep-alive", StringComparison.OrdinalIgnoreCase) || name.Equals("host", StringComparison.OrdinalIgnoreCase)
        || name.Equals("content-length", StringComparison.OrdinalIgnoreCase) || name.Equals("transfer-encoding", StringComparison.OrdinalIgnoreCase);
}
