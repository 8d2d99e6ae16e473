using System.Globalization;
using System.Text;

namespace Sluice.Soak;

/// <summary>
/// Requests as nobody should send them: each part of a head and of a body's framing is drawn from what the grammar allows or, so often as this request
/// is odd, from what it forbids and what readers have been known to disagree about; then, now and then, a few bytes of the whole are changed. The same seed gives the same requests.
/// </summary>
internal sealed class HttpGrammar(int seed, string host)
{
    private static readonly string[] Good = ["GET", "POST", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"];
    private static readonly string[] Methods = ["TRACE", "CONNECT", "get", "PRI", "G\tET", "", "X" + new string('Y', 300)];
    private static readonly string[] Versions = [" HTTP/1.0", " HTTP/1.2", " HTTP/2.0", "", " http/1.1", "  HTTP/1.1", " HTTP/1.1 ", "\tHTTP/1.1"];
    private static readonly string[] Ends = ["\n", "\r", "\r\r\n", "\0\r\n"];
    private static readonly string[] Codings = ["Chunked", "chunked ", "\tchunked", "xchunked", "chunked, identity", "identity, chunked", "chunked, chunked", "gzip, chunked", "\"chunked\"", "", "identity", "chun\0ked", "\vchunked"];
    private static readonly string[] Names = ["transfer-encoding", "Transfer-Encoding ", " Transfer-Encoding", "Transfer_Encoding", "Transfer-\tEncoding"];
    private static readonly string[] Extras =
    [
        "Connection: close", "Connection: keep-alive", "Connection: Content-Length", "Connection: Transfer-Encoding, Host", "Connection: upgrade\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__",
        "Connection: upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==", "Expect: 100-continue", "Expect: 200-maybe", "X-Forwarded-For: 6.6.6.6",
        "Forwarded: for=6.6.6.6", "X-Request-Id: " + "a\u00ff", "X-Request-Start: 1", "TE: trailers", "Trailer: Host", "Content-Type: multipart/form-data; boundary=\"", "Cookie: " + "c=1; c=2", "X:", ": x", "X-Folded: a\r\n b",
        "X-Empty:   ", "Range: bytes=9999999999999999999-", "Host: elsewhere.localhost", "X-Many: " + "0123456789abcdef", "Accept-Encoding: *;q=0,identity;q=9", "X-Bytes: \u0001\u007f\u0080\u00ff", "Proxy-Connection: keep-alive",
    ];

    private readonly Random random = new(seed);
    private double oddness;

    /// <summary>One request, or what is meant to be taken for one. Its target is <c>/f/ID</c> unless the grammar broke that.</summary>
    public byte[] Next(string id)
    {
        oddness = (random.Next(4), random.Next(4)) switch { (0, _) => 0.4, (1, _) => 0.1, (_, 0) => 0, _ => 0.03 };
        var text = new StringBuilder();
        var end = Or("\r\n", Ends);
        text.Append(IsOdd() ? Pick(Methods) : Pick(Good)).Append(IsOdd() ? "  " : " ").Append(Target(id)).Append(Or(" HTTP/1.1", Versions)).Append(end);
        text.Append(Host()).Append(end);
        for (var extras = IsOdd() ? 3 : random.Next(2); extras > 0; extras--)
            text.Append(Pick(Extras)).Append(IsOdd() ? Pick(Ends) : end);
        var body = Body(id);
        var framed = Framed(body, text, end);
        text.Append(end);
        text.Append(framed);
        var bytes = Encoding.Latin1.GetBytes(text.ToString());
        return IsOdd() ? Mutated(bytes) : bytes;
    }

    private string Target(string id) => (IsOdd() ? random.Next(12) : -1) switch
    {
        0 => $"/f/{id}/a/..%2f..%2fb/../c?x=%00",
        1 => $"http://{host}/f/{id}",
        2 => $"http://elsewhere.localhost/f/{id}",
        3 => $"//f/{id}\\..\\..",
        4 => "*",
        5 => $"/f/{id} /b",
        6 => $"/f/{id}#fragment",
        7 => $"/f/{id}?{new string('q', random.Next(9000))}",
        8 => $"/f/{id}%",
        9 => $"/f/{id}\u00e9\u0080",
        10 => $"{host}:443",
        11 => $"f/{id}",
        _ => $"/f/{id}",
    };

    private string Host() => (IsOdd() ? random.Next(10) : -1) switch
    {
        0 => "Host: nobody.localhost",
        1 => $"Host: {host}\r\nHost: {host}",
        2 => $"Host : {host}",
        3 => "Host:",
        4 => "X-No-Host: 1",
        5 => $"Host: {host}, evil.localhost",
        6 => $"Host: {host.ToUpperInvariant()}:80",
        7 => $"Host: {host}/../..",
        8 => $"Host: user@{host}",
        9 => "Host: [::1",
        _ => $"Host: {host}",
    };

    /// <summary>Often a request itself, for a reader that takes the rest of this one for the next.</summary>
    private string Body(string id) => random.Next(6) switch
    {
        0 => "",
        1 => new string('b', random.Next(20_000)),
        2 => $"GET /f/{id}-within HTTP/1.1\r\nHost: {host}\r\n\r\n",
        3 => $"0\r\n\r\nGET /f/{id}-behind HTTP/1.1\r\nHost: {host}\r\n\r\n",
        4 => $"POST /f/{id}-long HTTP/1.1\r\nHost: {host}\r\nContent-Length: 100\r\n\r\nx",
        _ => "a=1&b=2",
    };

    private string Framed(string body, StringBuilder head, string end)
    {
        switch (random.Next(8))
        {
            case 0:
                return IsOdd() ? body : "";
            case 1 or 2 or 3:
                head.Append(Length(body)).Append(end);
                return body;
            case 4 when IsOdd():
                head.Append(Length(body)).Append(end).Append("Transfer-Encoding: chunked").Append(end);
                return random.Next(2) == 0 ? body : Chunks(body);
            default:
                head.Append(Or("Transfer-Encoding", Names)).Append(": ").Append(Or("chunked", Codings)).Append(end);
                return Chunks(body);
        }
    }

    private string Length(string body)
    {
        var n = body.Length;
        return "Content-Length: " + (IsOdd() ? random.Next(14) : -1) switch
        {
            0 => $"+{n}",
            1 => $"-{n}",
            2 => $"0x{n:x}",
            3 => $"{n}, {n}",
            4 => $"{n}\r\nContent-Length: {n}",
            5 => $"{n}\r\nContent-Length: {n + 1}",
            6 => $"{n + 1 + random.Next(40)}",
            7 => $"{Math.Max(0, n - 1 - random.Next(40))}",
            8 => $"0{n}",
            9 => "99999999999999999999",
            10 => $"{n}.0",
            11 => $" {n}\t ",
            12 => "",
            13 => $"{n} {n}",
            _ => n.ToString(CultureInfo.InvariantCulture),
        };
    }

    private string Chunks(string body)
    {
        var text = new StringBuilder();
        for (var at = 0; at < body.Length;)
        {
            var size = Math.Min(body.Length - at, 1 + random.Next(Math.Max(1, body.Length)));
            text.Append(Size(size)).Append(IsOdd() ? "\n" : "\r\n").Append(body, at, size).Append(Or("\r\n", Ends));
            at += size;
        }
        return text.Append((IsOdd() ? random.Next(7) : -1) switch
        {
            0 => "",
            1 => "0\r\n",
            2 => "0\r\nX-Trailer: 1\r\nContent-Length: 5\r\n\r\n",
            3 => "0;a=b\r\n\r\n",
            4 => "000000000000000000000000000000\r\n\r\n",
            5 => "-0\r\n\r\n",
            6 => "0\n\n",
            _ => "0\r\n\r\n",
        }).ToString();
    }

    private string Size(int size) => (IsOdd() ? random.Next(13) : -1) switch
    {
        0 => $"{size:x};ext=\"1\"",
        1 => $"{size:x};\n",
        2 => $"{size:x};a\rb",
        3 => $"0x{size:x}",
        4 => $"+{size:x}",
        5 => $"-{size:x}",
        6 => $"{size:x} ",
        7 => $" {size:x}",
        8 => "FFFFFFFFFFFFFFFFF",
        9 => $"{size:X}",
        10 => $"00000{size:x}",
        11 => $"{size + 1:x}",
        12 => "7fffffffffffffff",
        _ => $"{size:x}",
    };

    private byte[] Mutated(byte[] bytes)
    {
        var list = bytes.ToList();
        for (var times = 1 + random.Next(3); times > 0 && list.Count > 8; times--)
        {
            // Heads are short and matter most.
            var at = random.Next(Math.Min(list.Count, random.Next(2) == 0 ? 200 : list.Count));
            switch (random.Next(5))
            {
                case 0: list[at] = (byte)random.Next(256); break;
                case 1: list.RemoveAt(at); break;
                case 2: list.Insert(at, "\r\n \t:,;\0"u8[random.Next(8)]); break;
                case 3: list.InsertRange(at, list.Skip(at).Take(random.Next(30)).ToArray()); break;
                default: list.RemoveRange(at, Math.Min(random.Next(30), list.Count - at)); break;
            }
        }
        return [.. list];
    }

    private bool IsOdd() => random.NextDouble() < oddness;

    private string Or(string good, string[] odd) => IsOdd() ? Pick(odd) : good;

    private string Pick(string[] of) => of[random.Next(of.Length)];
}
