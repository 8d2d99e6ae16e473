using System.Buffers;
using System.Collections.Frozen;

namespace Sluice.Router;

/// <summary>What a header is for.</summary>
internal enum HeaderKind
{
    /// <summary>Goes on as it is.</summary>
    EndToEnd,

    /// <summary>Concerns this one connection, or is the router's alone to say: never goes on.</summary>
    Ours,
    Length,
    TransferEncoding,
    Connection,

    /// <summary>Which fields come behind the body, if it is one that has such.</summary>
    Trailer,
}

/// <summary>Headers that a router must not pass on (RFC 9110, 7.6.1), and those in which routers speak to apps.</summary>
internal static class HopByHop
{
    private static readonly FrozenDictionary<string, HeaderKind> Kinds = new Dictionary<string, HeaderKind>(StringComparer.OrdinalIgnoreCase)
    {
        ["Content-Length"] = HeaderKind.Length,
        ["Transfer-Encoding"] = HeaderKind.TransferEncoding,
        ["Connection"] = HeaderKind.Connection,
        ["Keep-Alive"] = HeaderKind.Ours,
        ["Proxy-Connection"] = HeaderKind.Ours,
        ["Upgrade"] = HeaderKind.Ours,
        ["TE"] = HeaderKind.Ours,
        ["Trailer"] = HeaderKind.Trailer,
        ["HTTP2-Settings"] = HeaderKind.Ours,
        ["Via"] = HeaderKind.Ours,
    }.ToFrozenDictionary(StringComparer.OrdinalIgnoreCase);

    private static readonly FrozenSet<string> OfRouters = new[]
    {
        "Host", "Expect", "X-Content-Length", "X-Request-Id", "X-Request-Start", "Forwarded", "X-Real-IP", "Proxy-Authorization",
    }.ToFrozenSet(StringComparer.OrdinalIgnoreCase);

    public static readonly SearchValues<byte> TokenBytes =
        SearchValues.Create("!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"u8);

    /// <summary>Of an answer's header.</summary>
    public static HeaderKind KindOf(string name) => Kinds.GetValueOrDefault(name, HeaderKind.EndToEnd);

    /// <summary>Whether a visitor's header reaches the app as it is.</summary>
    public static bool GoesOn(string name) =>
        KindOf(name) == HeaderKind.EndToEnd && !OfRouters.Contains(name) && !name.StartsWith("X-Forwarded-", StringComparison.OrdinalIgnoreCase) && name[0] != ':';
}
