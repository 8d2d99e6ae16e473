using System.Globalization;

namespace Sluice.Router;

/// <summary>One line of the router's for an app's log, on its way to the server.</summary>
/// <param name="Text">Without a line end.</param>
public sealed record RouterLine(AppId App, DateTimeOffset At, string Text)
{
    /// <summary>Reads <c>APP TICKS TEXT</c>; there are as many lines as requests, so there is no JSON around them. Throws <see cref="FormatException"/> for what is no whole line.</summary>
    internal static RouterLine Parse(ReadOnlySpan<char> line)
    {
        var app = line.IndexOf(' ');
        var at = app < 0 ? -1 : line[(app + 1)..].IndexOf(' ');
        if (at < 0)
            throw new FormatException("A router's line was cut off.");
        var ticks = long.Parse(line.Slice(app + 1, at), CultureInfo.InvariantCulture);
        return new RouterLine(new AppId(Guid.ParseExact(line[..app], "N")), new DateTimeOffset(ticks, TimeSpan.Zero), new string(line[(app + at + 2)..]));
    }
}
