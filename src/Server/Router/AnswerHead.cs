using System.Globalization;
using System.Text;

namespace Sluice.Router;

/// <summary>How the end of an answer's body is known (RFC 9112, 6.3).</summary>
internal enum BodyEnd { None, Length, Chunked, Close }

/// <summary>
/// The head of a dyno's answer. What two readers could take differently is no answer: <see cref="BadAnswerException"/>.
/// </summary>
/// <param name="Length">Of the body, when that is known by <see cref="BodyEnd.Length"/>; of a HEAD's answer what it says.</param>
/// <param name="IsReusable">The connection may carry another request when the body has been read.</param>
internal readonly record struct AnswerHead(int Status, BodyEnd End, long? Length, bool IsReusable)
{
    private const int MostBytes = 64 * 1024;

    /// <summary>100 to 199, but not 101: another head follows.</summary>
    public bool IsInterim => Status is >= 100 and < 200 and not 101;

    /// <summary>Reads a whole head and puts status and headers on the answer to the visitor, but those that concern one connection only. False: more bytes are needed.</summary>
    public static bool TryRead(ReadOnlySpan<byte> bytes, bool ofHead, HttpResponse to, RememberedLines lines, out AnswerHead head, out int taken)
    {
        head = default;
        taken = EndOf(bytes);
        if (taken == 0)
            return bytes.Length < MostBytes ? false : throw new BadAnswerException("a head of more than 64 KB");
        var rest = bytes[..taken];
        var (status, is11) = StatusOf(NextLine(ref rest));
        head = new AnswerHead(status, BodyEnd.None, null, is11);
        if (!head.IsInterim)
            head = new Reading(to, lines) { Status = status, IsReusable = is11 }.Read(rest, ofHead);
        return true;
    }

    /// <summary>Length of the head with its empty line; 0 when that has not come.</summary>
    private static int EndOf(ReadOnlySpan<byte> bytes)
    {
        for (var at = 0; ;)
        {
            var lf = bytes[at..].IndexOf((byte)'\n');
            if (lf < 0)
                return 0;
            at += lf + 1;
            if (lf == 0 || (lf == 1 && bytes[at - 2] == '\r'))
                return at;
        }
    }

    private static ReadOnlySpan<byte> NextLine(ref ReadOnlySpan<byte> rest)
    {
        var lf = rest.IndexOf((byte)'\n');
        var line = rest[..lf];
        rest = rest[(lf + 1)..];
        return line is [.., (byte)'\r'] ? line[..^1] : line;
    }

    /// <summary><c>HTTP/1.1 200 OK</c></summary>
    private static (int Status, bool Is11) StatusOf(ReadOnlySpan<byte> line)
    {
        var is11 = line.StartsWith("HTTP/1.1 "u8);
        if ((!is11 && !line.StartsWith("HTTP/1.0 "u8)) || line.Length < 12 || (line.Length > 12 && line[12] != ' ')
            || !int.TryParse(line[9..12], NumberStyles.None, CultureInfo.InvariantCulture, out var status) || status < 100)
            throw new BadAnswerException("no status line");
        return (status, is11);
    }

    /// <summary>The header lines of one head, as they go by.</summary>
    private ref struct Reading(HttpResponse to, RememberedLines lines)
    {
        private long? length;
        private bool isChunked;
        private string? connection;
        private string? trailer;

        public int Status;
        public bool IsReusable;

        public AnswerHead Read(ReadOnlySpan<byte> rest, bool ofHead)
        {
            to.StatusCode = Status;
            for (var number = 0; NextLine(ref rest) is { IsEmpty: false } line; number++)
                Take(lines.Read(number, line));
            if (connection is not null)
                ObeyConnection();
            // Both is what smugglers send: the answer is read by its chunks, and nobody reads behind it.
            IsReusable &= !(isChunked && length is not null);
            var end = Status is 101 or 204 or 304 || ofHead ? BodyEnd.None : isChunked ? BodyEnd.Chunked : length is not null ? BodyEnd.Length : BodyEnd.Close;
            if (!isChunked && Status is not (101 or 204 or 205))
                to.ContentLength = length;
            if (end == BodyEnd.Chunked && trailer is not null)
                to.Headers.Trailer = trailer;
            return new AnswerHead(Status, end, isChunked ? null : length, IsReusable && end != BodyEnd.Close);
        }

        private void Take((string Name, string Value) header)
        {
            switch (HopByHop.KindOf(header.Name))
            {
                case HeaderKind.Length:
                    length = length is null && long.TryParse(header.Value, NumberStyles.None, CultureInfo.InvariantCulture, out var given)
                        ? given : throw new BadAnswerException("a Content-Length that is no number, or two of them");
                    break;
                case HeaderKind.TransferEncoding:
                    isChunked = !isChunked && header.Value.Equals("chunked", StringComparison.OrdinalIgnoreCase)
                        ? true : throw new BadAnswerException("a Transfer-Encoding other than chunked");
                    break;
                case HeaderKind.Connection:
                    connection = connection is null ? header.Value : $"{connection},{header.Value}";
                    break;
                case HeaderKind.Trailer:
                    trailer = trailer is null ? header.Value : $"{trailer}, {header.Value}";
                    break;
                case HeaderKind.EndToEnd:
                    to.Headers.Append(header.Name, header.Value);
                    break;
            }
        }

        private void ObeyConnection()
        {
            foreach (var name in connection!.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
            {
                IsReusable &= !name.Equals("close", StringComparison.OrdinalIgnoreCase);
                if (HopByHop.KindOf(name) == HeaderKind.EndToEnd)
                    to.Headers.Remove(name);
            }
        }
    }
}

/// <summary>A dyno said something that is no HTTP.</summary>
internal sealed class BadAnswerException(string what) : Exception($"The app answered with {what}.");

/// <summary>
/// Header lines as strings, by their place in the head. Answers of one app begin alike, and so most lines are what they were in the answer before.
/// </summary>
internal sealed class RememberedLines
{
    private const int MostLines = 24, LongestLine = 256;
    private readonly (byte[] Line, string Name, string Value)[] remembered = new (byte[], string, string)[MostLines];

    /// <summary>Name and value of a line; <see cref="BadAnswerException"/> for what is no header.</summary>
    public (string Name, string Value) Read(int number, ReadOnlySpan<byte> line)
    {
        if (number < MostLines && remembered[number] is { Line: not null } before && line.SequenceEqual(before.Line))
            return (before.Name, before.Value);
        var header = Parse(line);
        if (number < MostLines && line.Length <= LongestLine)
            remembered[number] = (line.ToArray(), header.Name, header.Value);
        return header;
    }

    /// <summary>The same for a line that is not worth remembering.</summary>
    public static (string Name, string Value) Parse(ReadOnlySpan<byte> line)
    {
        var colon = line.IndexOf((byte)':');
        if (colon <= 0 || line[..colon].ContainsAnyExcept(HopByHop.TokenBytes))
            throw new BadAnswerException("a line that is no header");
        var value = line[(colon + 1)..].Trim(" \t"u8);
        if (value.ContainsAnyInRange((byte)0, (byte)8) || value.ContainsAnyInRange((byte)10, (byte)31) || value.Contains((byte)127))
            throw new BadAnswerException("a control character in a header");
        return (Encoding.Latin1.GetString(line[..colon]), Encoding.Latin1.GetString(value));
    }
}
