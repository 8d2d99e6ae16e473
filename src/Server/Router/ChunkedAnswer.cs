using System.Buffers;
using System.Buffers.Text;
using System.Collections.Frozen;
using System.IO.Pipelines;
using System.Text;
using Microsoft.AspNetCore.Http.Features;

namespace Sluice.Router;

/// <summary>
/// An answer in chunks on its way to the visitor, with what the app says behind it: its trailers. Over HTTP/1.1 the chunks are written here, since Kestrel's own
/// end without trailers; over HTTP/2 Kestrel has a place for them; a visitor of HTTP/1.0 knows none.
/// </summary>
internal readonly struct ChunkedAnswer
{
    /// <summary>A size in hex, and its line end.</summary>
    private const int SizeRoom = 10;

    /// <summary>Fields that mean something before the body only (RFC 9110, 6.5.1): framing, routing, caching, who may what, what the body is. A reader who takes
    /// trailers for headers would be led astray by them.</summary>
    private static readonly FrozenSet<string> Forbidden = new[]
    {
        "Age", "Authorization", "Cache-Control", "Content-Disposition", "Content-Encoding", "Content-Location", "Content-Range", "Content-Type", "Cookie", "Date",
        "Expect", "Expires", "Host", "If-Match", "If-Modified-Since", "If-None-Match", "If-Range", "If-Unmodified-Since", "Location", "Max-Forwards", "Pragma",
        "Proxy-Authenticate", "Proxy-Authorization", "Range", "Retry-After", "Set-Cookie", "Status", "Vary", "Warning", "WWW-Authenticate",
    }.ToFrozenSet(StringComparer.OrdinalIgnoreCase);

    private readonly HttpContext http;
    private readonly bool isOurs;

    /// <summary>Before anything of the body is written.</summary>
    public ChunkedAnswer(HttpContext http)
    {
        this.http = http;
        // To a 205 no body belongs, in chunks or not: Kestrel sees to that.
        isOurs = HttpProtocol.IsHttp11(http.Request.Protocol) && http.Response.StatusCode != StatusCodes.Status205ResetContent;
        if (isOurs)
            http.Response.Headers.TransferEncoding = "chunked";
        else if (!HttpProtocol.IsHttp2(http.Request.Protocol))
            http.Response.Headers.Remove("Trailer");
    }

    /// <summary>A piece of the body that is not empty.</summary>
    public void Write(PipeWriter visitor, ReadOnlySpan<byte> piece)
    {
        if (isOurs)
        {
            var size = visitor.GetSpan(SizeRoom);
            Utf8Formatter.TryFormat((uint)piece.Length, size, out var digits, new StandardFormat('x'));
            "\r\n"u8.CopyTo(size[digits..]);
            visitor.Advance(digits + 2);
        }
        visitor.Write(piece);
        if (isOurs)
            visitor.Write("\r\n"u8);
    }

    /// <summary>The body has ended. <see cref="BadAnswerException"/> when a line behind it is no field.</summary>
    /// <param name="trailers">Lines, each with its CR LF.</param>
    public void End(PipeWriter visitor, ReadOnlySpan<byte> trailers)
    {
        var fields = trailers.IsEmpty ? [] : Parse(trailers);
        if (!isOurs)
        {
            var place = http.Features.Get<IHttpResponseTrailersFeature>()?.Trailers;
            foreach (var (name, value) in fields)
                place?.Append(name, value);
            return;
        }
        visitor.Write("0\r\n"u8);
        foreach (var (name, value) in fields)
            visitor.Write(Encoding.Latin1.GetBytes($"{name}: {value}\r\n"));
        visitor.Write("\r\n"u8);
    }

    private static List<(string Name, string Value)> Parse(ReadOnlySpan<byte> lines)
    {
        var fields = new List<(string Name, string Value)>();
        foreach (var line in lines.Split("\r\n"u8))
        {
            if (lines[line] is not { IsEmpty: false } text)
                continue;
            var field = RememberedLines.Parse(text);
            if (HopByHop.KindOf(field.Name) == HeaderKind.EndToEnd && !Forbidden.Contains(field.Name))
                fields.Add(field);
        }
        return fields;
    }
}
