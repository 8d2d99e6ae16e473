using System.Text;
using System.Threading.Channels;

namespace Sluice.Router;

/// <summary>
/// Router log lines that wait for the server to take them. While it is away the newest 8,192 are kept; older ones are dropped, since
/// visitors must never wait for a log.
/// </summary>
internal sealed class RequestLines(TimeProvider clock)
{
    private readonly Channel<RouterLine> waiting = Channel.CreateBounded<RouterLine>(
        new BoundedChannelOptions(8192) { FullMode = BoundedChannelFullMode.DropOldest });

    public ChannelReader<RouterLine> Reader => waiting.Reader;

    public void Add(AppId app, string text) => waiting.Writer.TryWrite(new RouterLine(app, clock.GetUtcNow(), text));
}

/// <summary>One request in Heroku's form (https://devcenter.heroku.com/articles/http-routing#heroku-router-log-format).</summary>
internal readonly record struct RequestLine
{
    public required HttpContext Http { get; init; }
    public required string Id { get; init; }
    public required string Path { get; init; }

    /// <summary>Empty when the request reached none.</summary>
    public required string Dyno { get; init; }
    public required long ConnectMs { get; init; }
    public required long ServiceMs { get; init; }
    public required int Status { get; init; }
    public required long Bytes { get; init; }
    public RouterError? Error { get; init; }

    public override string ToString()
    {
        var line = new StringBuilder(256);
        line.Append(Error is null ? "at=info" : $"at=error code={Error.Code} desc=\"{Error.Description}\"")
            .Append(" method=").Append(Http.Request.Method)
            .Append(" path=\"").Append(Printable(Path))
            .Append("\" host=").Append(Http.Request.Host.Host.ToLowerInvariant())
            .Append(" request_id=").Append(Id)
            .Append(" fwd=\"").Append(HeadRules.Client(Http))
            .Append("\" dyno=").Append(Dyno)
            .Append(" connect=").Append(ConnectMs)
            .Append("ms service=").Append(ServiceMs)
            .Append("ms status=").Append(Status)
            .Append(" bytes=").Append(Bytes)
            .Append(" protocol=").Append(Http.Request.Scheme);
        return line.ToString();
    }

    /// <summary>A path cannot end its own quotes or start a line of its own.</summary>
    private static string Printable(string path)
    {
        var cut = path.Length > 2048 ? path[..2048] : path;
        return cut.AsSpan().ContainsAnyExceptInRange('!', '~') || cut.Contains('"', StringComparison.Ordinal)
            ? string.Concat(cut.Select(c => NeedsEscape(c) ? Uri.HexEscape(c > 0xff ? '?' : c) : c.ToString()))
            : cut;
    }

    private static bool NeedsEscape(char c) => c is < '!' or '"' or > '~';
}
