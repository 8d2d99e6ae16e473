using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Unicode;

namespace Sluice.Router;

/// <summary>One line of the router's for an app's log, on its way to the server.</summary>
/// <param name="Text">Without a line end.</param>
public sealed record RouterLine(AppId App, DateTimeOffset At, string Text)
{
    /// <summary>Longest start of a line: an id and a count of ticks.</summary>
    private const int HeadBytes = 64;

    /// <summary>As <c>APP TICKS TEXT</c> and a line end; there are as many as requests, so there is no JSON around them.</summary>
    internal void WriteTo(IBufferWriter<byte> to)
    {
        var room = to.GetSpan(HeadBytes + Encoding.UTF8.GetMaxByteCount(Text.Length));
        Utf8.TryWrite(room, CultureInfo.InvariantCulture, $"{App.Value:N} {At.UtcTicks} ", out var head);
        var count = head + Encoding.UTF8.GetBytes(Text, room[head..]);
        room[count] = (byte)'\n';
        to.Advance(count + 1);
    }

    /// <summary>Throws <see cref="FormatException"/> for what is no whole line.</summary>
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
