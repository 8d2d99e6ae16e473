using System.Buffers;
using System.Text;

namespace Sluice.Cli.Output;

/// <summary>
/// A terminal that somebody looks at: of control characters it gets ends of lines, tabs and colours (<c>ESC [ 1;32 m</c>). What a server says may hold
/// what somebody else wrote there, who must not command the terminal. What is piped stays as it is.
/// </summary>
internal sealed class Screen(TextWriter inner) : TextWriter
{
    private static readonly SearchValues<char> OfColours = SearchValues.Create("0123456789;:");

    public override Encoding Encoding => inner.Encoding;

    public override void Write(char value) => Write([value]);

    public override void Write(string? value) => Write(value.AsSpan());

    public override void Write(char[] buffer, int index, int count) => Write(buffer.AsSpan(index, count));

    public override void Write(ReadOnlySpan<char> buffer)
    {
        for (var rest = buffer; !rest.IsEmpty;)
        {
            var length = rest[0] == '\e' ? ColourLength(rest) : char.IsControl(rest[0]) && rest[0] is not ('\n' or '\t') ? 0 : 1;
            inner.Write(rest[..length]);
            rest = rest[Math.Max(length, 1)..];
        }
    }

    public override void WriteLine(string? value)
    {
        Write(value);
        inner.WriteLine();
    }

    public override void Flush() => inner.Flush();

    /// <summary>0 when it is something else.</summary>
    private static int ColourLength(ReadOnlySpan<char> text)
    {
        if (text is not ['\e', '[', .. var more])
            return 0;
        var end = more.IndexOfAnyExcept(OfColours);
        return end >= 0 && more[end] == 'm' ? end + 3 : 0;
    }
}
