using System.Globalization;
using System.Text;

namespace Sluice.Soak;

/// <summary>One request as a dyno got it from the router; anything that two readers could read differently is a fault.</summary>
internal sealed record StrictRequest(string Method, string Target, long? Length, bool IsChunked, bool Expects, string? Fault)
{
    private const string NameSymbols = "!#$%&'*+-.^_`|~";

    public static StrictRequest Parse(byte[] head)
    {
        var text = Encoding.Latin1.GetString(head);
        var lines = text.Split("\r\n");
        var words = lines[0].Split(' ');
        if (text.Replace("\r\n", "", StringComparison.Ordinal).AsSpan().ContainsAny('\r', '\n', '\0'))
            return Bad("a lone CR, LF or NUL in a head");
        if (words is not [{ Length: > 0 } method, ['/' or '*', ..] target, "HTTP/1.1"])
            return Bad("a request line of another form");
        var headers = new Dictionary<string, List<string>>(StringComparer.OrdinalIgnoreCase);
        foreach (var line in lines[1..^2])
        {
            var colon = line.IndexOf(':', StringComparison.Ordinal);
            if (colon < 1 || !line[..colon].All(c => char.IsAsciiLetterOrDigit(c) || NameSymbols.Contains(c, StringComparison.Ordinal)))
                return Bad($"a header line of another form ({line})");
            if (!headers.TryGetValue(line[..colon], out var values))
                headers[line[..colon]] = values = [];
            values.Add(line[(colon + 1)..].Trim(' ', '\t'));
        }
        return Framed(method, target, headers);
    }

    /// <summary>Null when the connection ended in its middle.</summary>
    public async Task<ReadBody?> ReadBodyAsync(ByteReader input)
    {
        if (IsChunked)
            return await ReadChunksAsync(input);
        var left = Length ?? 0;
        var sum = ReadBody.Begin;
        while (left > 0)
        {
            var piece = await input.ReadSomeAsync((int)Math.Min(left, 16 * 1024));
            if (piece.Length == 0)
                return null;
            sum = ReadBody.Add(sum, piece.Span);
            left -= piece.Length;
        }
        return new ReadBody(Length ?? 0, sum, null);
    }

    private static StrictRequest Framed(string method, string target, Dictionary<string, List<string>> headers)
    {
        // The router writes these itself; bytes that were smuggled past it lack them.
        foreach (var ours in (string[])["X-Request-Start", "X-Forwarded-For", "X-Request-Id", "Host"])
        {
            if (headers.GetValueOrDefault(ours) is not [{ Length: > 0 }])
                return Bad($"a request without one {ours}, so the router did not write it");
        }
        var (lengths, codings) = (headers.GetValueOrDefault("Content-Length"), headers.GetValueOrDefault("Transfer-Encoding"));
        if (lengths is not null && codings is not null)
            return Bad("two framings");
        if (codings is not null && codings is not [['c' or 'C', ..]])
            return Bad("a transfer coding other than chunked");
        if (codings is not null && !codings[0].Equals("chunked", StringComparison.OrdinalIgnoreCase))
            return Bad("a transfer coding other than chunked");
        long? length = null;
        if (lengths is not null)
        {
            if (lengths is not [{ Length: > 0 and < 19 } digits] || !digits.All(char.IsAsciiDigit))
                return Bad("a length that is not digits, once");
            length = long.Parse(digits, CultureInfo.InvariantCulture);
        }
        var expects = headers.GetValueOrDefault("Expect") is [var expected] && expected.Equals("100-continue", StringComparison.OrdinalIgnoreCase);
        return new StrictRequest(method, target, length, codings is not null, expects, null);
    }

    private static async Task<ReadBody?> ReadChunksAsync(ByteReader input)
    {
        var (total, sum) = (0L, ReadBody.Begin);
        while (true)
        {
            if (await input.ReadLineAsync() is not { } line)
                return null;
            if (line is not { Length: > 0 and < 16 } || !line.All(char.IsAsciiHexDigit))
                return new ReadBody(0, 0, $"a chunk's size of another form ({line})");
            var left = long.Parse(line, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
            if (left == 0)
                break;
            total += left;
            while (left > 0)
            {
                var piece = await input.ReadSomeAsync((int)Math.Min(left, 16 * 1024));
                if (piece.Length == 0)
                    return null;
                sum = ReadBody.Add(sum, piece.Span);
                left -= piece.Length;
            }
            if (await input.ReadLineAsync() is not { } end)
                return null;
            if (end.Length > 0)
                return new ReadBody(0, 0, "bytes behind a chunk");
        }
        return await input.ReadLineAsync() switch
        {
            null => null,
            "" => new ReadBody(total, sum, null),
            _ => new ReadBody(0, 0, "trailers"),
        };
    }

    private static StrictRequest Bad(string fault) => new("", "", null, false, false, fault);
}

/// <summary>Reads a connection by heads, lines and pieces.</summary>
internal sealed class ByteReader(Stream stream)
{
    private readonly byte[] buffer = new byte[64 * 1024];
    private int from, to;

    /// <summary>Up to and with the empty line; null at the end of the connection.</summary>
    public async Task<byte[]?> ReadHeadAsync(int most)
    {
        for (var seen = 0; ;)
        {
            var end = buffer.AsSpan(from, to - from).IndexOf("\r\n\r\n"u8);
            if (end >= 0)
            {
                var head = buffer[from..(from + end + 4)];
                from += end + 4;
                return head;
            }
            seen = to - from;
            if (seen >= most || !await FillAsync())
                return null;
        }
    }

    /// <summary>Without its CRLF; null at the end of the connection.</summary>
    public async Task<string?> ReadLineAsync()
    {
        while (true)
        {
            var end = buffer.AsSpan(from, to - from).IndexOf("\r\n"u8);
            if (end >= 0)
            {
                var line = Encoding.Latin1.GetString(buffer, from, end);
                from += end + 2;
                return line;
            }
            if (to - from == buffer.Length || !await FillAsync())
                return null;
        }
    }

    /// <summary>At least one byte; empty at the end of the connection.</summary>
    public async Task<ReadOnlyMemory<byte>> ReadSomeAsync(int most)
    {
        if (from == to && !await FillAsync())
            return default;
        var count = Math.Min(most, to - from);
        var piece = buffer.AsMemory(from, count);
        from += count;
        return piece;
    }

    private async Task<bool> FillAsync()
    {
        if (from == to)
            (from, to) = (0, 0);
        if (to == buffer.Length)
        {
            buffer.AsSpan(from, to - from).CopyTo(buffer);
            (from, to) = (0, to - from);
        }
        if (to == buffer.Length)
            return false;
        var count = await stream.ReadAsync(buffer.AsMemory(to));
        to += count;
        return count > 0;
    }
}
