using System.Buffers;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Sluice.Router;

/// <summary>
/// The head of a request as the app gets it: method, target and headers as the visitor sent them, framing and all that routers say written anew.
/// Nobody outside may speak as the router.
/// </summary>
internal ref struct OutgoingHead(HttpContext http, string id, string client, int port, long nowMs)
{
    private byte[] bytes = ArrayPool<byte>.Shared.Rent(2 * 1024);
    private int count;

    /// <summary>Into an array of the shared pool, which the caller gives back. <see cref="BadHttpRequestException"/> for a header that is none.</summary>
    /// <param name="isChunked">A body of unknown length follows.</param>
    /// <param name="isWebSocket">Asks the app to switch protocols.</param>
    public (byte[] Bytes, int Count) Write(bool isChunked, bool isWebSocket)
    {
        var request = http.Request;
        Put(isWebSocket ? "GET" : request.Method, " ", HeadRules.RawTarget(http), " HTTP/1.1\r\n");
        Header("Host", request.Host.Value ?? "");
        PutVisitors(request.Headers);
        if (isChunked)
            Put("Transfer-Encoding: chunked\r\n");
        else if (request.ContentLength is { } length)
            Header("Content-Length", length.ToString(CultureInfo.InvariantCulture));
        if (isWebSocket)
            Put("Connection: Upgrade\r\nUpgrade: websocket\r\n");
        else if (TakesTrailers(request))
            Put("Connection: TE\r\nTE: trailers\r\n");
        // Over HTTP/2 there is no key, since nothing there could take the answer for its own.
        if (isWebSocket && HttpProtocol.IsHttp2(request.Protocol))
            Header("Sec-WebSocket-Key", Convert.ToBase64String(RandomNumberGenerator.GetBytes(16)));
        Header("X-Request-Id", id);
        Header("X-Forwarded-For", client);
        Header("X-Forwarded-Proto", request.Scheme);
        Header("X-Forwarded-Port", port.ToString(CultureInfo.InvariantCulture));
        Header("X-Request-Start", nowMs.ToString(CultureInfo.InvariantCulture));
        Put("Via: 1.1 sluice\r\n\r\n");
        return (bytes, count);
    }

    private void PutVisitors(IHeaderDictionary headers)
    {
        var named = headers.Connection.Count == 0 ? null : headers.Connection.ToString();
        foreach (var (name, values) in headers)
        {
            if (!HopByHop.GoesOn(name) || (named is not null && IsNamed(named, name)))
                continue;
            // Kestrel lets bytes through that another server may drop, so that a name becomes one that matters.
            if (!HeadRules.IsName(name))
                throw Refused(HeadRules.NoName);
            for (var i = 0; i < values.Count; i++)
                Header(name, values[i] ?? "");
        }
    }

    /// <summary>The visitor wants what comes behind a body, and there is a way to bring it.</summary>
    private static bool TakesTrailers(HttpRequest request) =>
        request.Headers.TE.Count > 0 && !HttpProtocol.IsHttp10(request.Protocol) && request.Headers.TE.ToString().Contains("trailers", StringComparison.OrdinalIgnoreCase);

    private readonly BadHttpRequestException Refused(string why)
    {
        ArrayPool<byte>.Shared.Return(bytes);
        return new BadHttpRequestException(why);
    }

    /// <summary>A header that Connection names is for us alone.</summary>
    private static bool IsNamed(string connection, string name)
    {
        foreach (var part in connection.AsSpan().Split(','))
        {
            if (connection.AsSpan()[part].Trim().Equals(name, StringComparison.OrdinalIgnoreCase))
                return true;
        }
        return false;
    }

    private void Header(string name, string value) => Put(name, ": ", value, "\r\n");

    private void Put(string a, string b, string c, string d)
    {
        if (HeadRules.HoldsBreak(a) || HeadRules.HoldsBreak(c))
            throw Refused(HeadRules.Broken);
        Need(a.Length + b.Length + c.Length + d.Length);
        Put(a);
        Put(b);
        Put(c);
        Put(d);
    }

    private void Put(string text)
    {
        Need(text.Length);
        count += Encoding.Latin1.GetBytes(text, bytes.AsSpan(count));
    }

    private void Need(int more)
    {
        if (count + more <= bytes.Length)
            return;
        var larger = ArrayPool<byte>.Shared.Rent(Math.Max(count + more, bytes.Length * 2));
        bytes.AsSpan(0, count).CopyTo(larger);
        ArrayPool<byte>.Shared.Return(bytes);
        bytes = larger;
    }
}
