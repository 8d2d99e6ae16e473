using System.Buffers;
using System.Buffers.Text;
using System.Globalization;
using System.Text;
using System.Text.Unicode;

namespace Sluice.Router;

/// <summary>One request in Heroku's form (https://devcenter.heroku.com/articles/http-routing#heroku-router-log-format).</summary>
internal readonly record struct RequestLine
{
    private const int LongestPath = 2048, LongestHost = 256;

    /// <summary>Room that any line has enough of: each character of a path may take three.</summary>
    public const int MostBytes = (3 * LongestPath) + 2048;

    public required string Method { get; init; }
    public required string Path { get; init; }
    public required string Host { get; init; }
    public required string Id { get; init; }
    public required string Client { get; init; }

    /// <summary>Empty when the request reached none.</summary>
    public required string Dyno { get; init; }
    public required long ConnectMs { get; init; }
    public required long ServiceMs { get; init; }
    public required int Status { get; init; }
    public required long Bytes { get; init; }

    /// <summary><c>http</c> or <c>https</c>.</summary>
    public required string Protocol { get; init; }
    public RouterError? Error { get; init; }

    /// <summary>Writes it, without a line end, where there are at least <see cref="MostBytes"/>.</summary>
    public int Write(Span<byte> to)
    {
        var line = new Writing(to);
        if (Error is null)
            line.Put("at=info");
        else
            Utf8.TryWrite(to, CultureInfo.InvariantCulture, $"at=error code={Error.Code} desc=\"{Error.Description}\"", out line.Count);
        line.Put(" method=");
        line.Put(Method.Length <= 32 ? Method : Method[..32]);
        line.Put(" path=\"");
        line.PutPrintable(Path.Length <= LongestPath ? Path : Path[..LongestPath]);
        line.Put("\" host=");
        line.PutPrintable((Host.Length <= LongestHost ? Host : Host[..LongestHost]).ToLowerInvariant());
        line.Put(" request_id=");
        line.Put(Id);
        line.Put(" fwd=\"");
        line.Put(Client);
        line.Put("\" dyno=");
        line.Put(Dyno);
        line.Put(" connect=");
        line.Put(ConnectMs);
        line.Put("ms service=");
        line.Put(ServiceMs);
        line.Put("ms status=");
        line.Put(Status);
        line.Put(" bytes=");
        line.Put(Bytes);
        line.Put(" protocol=");
        line.Put(Protocol);
        return line.Count;
    }

    private ref struct Writing(Span<byte> to)
    {
        private readonly Span<byte> to = to;
        public int Count;

        public void Put(string text) => Count += Encoding.ASCII.GetBytes(text, to[Count..]);

        public void Put(long number)
        {
            Utf8Formatter.TryFormat(number, to[Count..], out var count);
            Count += count;
        }

        /// <summary>A path cannot end its own quotes or start a line of its own.</summary>
        public void PutPrintable(string text)
        {
            if (!text.AsSpan().ContainsAnyExcept(Printable))
                Put(text);
            else
                Put(string.Concat(text.Select(c => Printable.Contains(c) ? c.ToString() : Uri.HexEscape(c > 0xff ? '?' : c))));
        }
    }

    private static readonly SearchValues<char> Printable = SearchValues.Create([.. Enumerable.Range('!', '~' - '!' + 1).Select(c => (char)c).Where(c => c != '"')]);
}
