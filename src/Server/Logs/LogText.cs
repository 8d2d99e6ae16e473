using System.Buffers;
using System.Globalization;
using System.Text;

namespace Sluice.Logs;

/// <summary>
/// Makes what an app printed safe to show: one line, no terminal controls (C0 and C1 but tab; colour sequences go whole), at most 10,000
/// bytes. Without it an app could forge a line of the platform's, or talk to the terminal of who reads its log. Its colours are kept beside the text, for
/// readers that know what to do with them.
/// </summary>
internal static class LogText
{
    public const int MaxBytes = 10_000;
    private const string Cut = " [cut]";

    /// <summary>Longest sequence of colours that is kept: more than any program needs.</summary>
    private const int LongestColour = 24;

    private static readonly SearchValues<char> OfColours = SearchValues.Create("0123456789;");

    public static string Clean(string text) => Clean(text, keepsColours: false);

    /// <summary>The same with the sequences that set colours and weight of what follows (<c>ESC [ 1;32 m</c>), and no others; null when there are none, or the line is too long for them.</summary>
    public static string? Coloured(string text)
    {
        if (!text.Contains("\u001b[", StringComparison.Ordinal) || Encoding.UTF8.GetByteCount(text) > MaxBytes)
            return null;
        var coloured = Clean(text, keepsColours: true);
        return coloured.Contains('\u001b', StringComparison.Ordinal) ? coloured : null;
    }

    /// <summary>With its colours when it has some, else plain: for a page that makes classes of its own out of them.</summary>
    public static string Shown(string text) => Coloured(text) ?? Clean(text);

    /// <summary>A name of a file, each control character as <c>\x1b</c>: two names stay two.</summary>
    public static string Escaped(string name)
    {
        if (!name.Any(char.IsControl))
            return name;
        var text = new StringBuilder(name.Length + 8);
        foreach (var c in name)
            _ = char.IsControl(c) ? text.Append(CultureInfo.InvariantCulture, $"\\x{(int)c:x2}") : text.Append(c);
        return text.ToString();
    }

    private static string Clean(string text, bool keepsColours)
    {
        text = text.TrimEnd('\r', '\n');
        if (!text.AsSpan().ContainsAnyInRange('\0', '\u001f') && !text.AsSpan().ContainsAnyInRange('\u007f', '\u009f') && !text.AsSpan().ContainsAny('\u2028', '\u2029'))
            return Shorten(text);
        var clean = new StringBuilder(text.Length);
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] == '\u001b' && i + 1 < text.Length && text[i + 1] == '[')
            {
                var end = EndOfSequence(text, i + 2);
                if (keepsColours && IsColour(text.AsSpan(i, end - i + 1)))
                    clean.Append(text, i, end - i + 1);
                i = end;
            }
            else if (text[i] is '\r' or '\n' or '\u2028' or '\u2029')
                clean.Append(' ');
            else if (text[i] == '\t' || !char.IsControl(text[i]))
                clean.Append(text[i]);
        }
        return Shorten(clean.ToString());
    }

    private static bool IsColour(ReadOnlySpan<char> sequence) =>
        sequence.Length is > 2 and <= LongestColour && sequence[^1] == 'm' && !sequence[2..^1].ContainsAnyExcept(OfColours);

    /// <summary>A control sequence is <c>ESC [</c>, parameters from space to ?, and one final byte from @ to ~ (ECMA-48, 5.4).</summary>
    private static int EndOfSequence(string text, int at)
    {
        while (at < text.Length && text[at] is >= ' ' and <= '?')
            at++;
        return at < text.Length && text[at] is >= '@' and <= '~' ? at : at - 1;
    }

    private static string Shorten(string text)
    {
        if (text.Length * 3 <= MaxBytes || Encoding.UTF8.GetByteCount(text) <= MaxBytes)
            return text;
        var bytes = 0;
        var kept = 0;
        foreach (var rune in text.EnumerateRunes())
        {
            if (bytes + rune.Utf8SequenceLength > MaxBytes - Cut.Length)
                break;
            bytes += rune.Utf8SequenceLength;
            kept += rune.Utf16SequenceLength;
        }
        return text[..kept] + Cut;
    }
}
