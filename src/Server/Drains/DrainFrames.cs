using System.Globalization;
using System.Text;
using Sluice.Logs;

namespace Sluice.Drains;

/// <summary>
/// Lines as drains take them: syslog messages (RFC 5424), each after its length in bytes and a blank (octet counting, RFC 6587), so that no text can pass for
/// a message of its own. Over HTTP they are Logplex's, which leaves the structured data out and names the host <c>host</c>.
/// </summary>
/// <code>97 &lt;190>1 2026-01-02T03:04:05.678901+00:00 d.0f… app web.1 - - listening on 5000</code>
internal static class DrainFrames
{
    /// <summary>Facility local7, severity info; and those that Logplex gives to the platform and the router.</summary>
    private const int App = 190, Platform = 45, Router = 158;

    public static byte[] Syslog(IEnumerable<LogLine> lines, string token) => Frames(lines, line => $"{token} {line.Source} {line.Dyno} - - {line.Text}");

    public static byte[] Logplex(IEnumerable<LogLine> lines) => Frames(lines, line => $"host {line.Source} {line.Dyno} - {line.Text}\n");

    private static byte[] Frames(IEnumerable<LogLine> lines, Func<LogLine, string> rest)
    {
        var frames = new MemoryStream();
        foreach (var line in lines)
        {
            var message = Encoding.UTF8.GetBytes(string.Create(
                CultureInfo.InvariantCulture, $"<{Priority(line)}>1 {line.At.ToUniversalTime():yyyy-MM-dd'T'HH:mm:ss.ffffff}+00:00 {rest(line)}"));
            frames.Write(Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{message.Length} ")));
            frames.Write(message);
        }
        return frames.ToArray();
    }

    private static int Priority(LogLine line) => (line.Source, line.Dyno) switch
    {
        ("heroku", "router") => Router,
        ("heroku", _) or ("app", "api") => Platform,
        _ => App,
    };
}
