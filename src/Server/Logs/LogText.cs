using System.Text;

namespace Sluice.Logs;

/// <summary>
/// Makes what an app printed safe to show: one line, no terminal controls (C0 and C1 but tab; colour sequences go whole), at most 10,000
/// bytes. Without it an app could forge a line of the platform's, or talk to the terminal of who reads its log.
/// </summary>
internal static class LogText
{
    public const int MaxBytes = 10_000;
    private const string Cut = " [cut]";

    public static string Clean(string text)
    {
        text = text.TrimEnd('\r', '\n');
        if (!text.AsSpan().ContainsAnyInRange('\0', '\u001f') && !text.AsSpan().ContainsAnyInRange('\u007f', '\u009f') && !text.AsSpan().ContainsAny('\u2028', '\u2029'))
            return Shorten(text);
        var clean = new StringBuilder(text.Length);
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] == '\u001b' && i + 1 < text.Length && text[i + 1] == '[')
                i = EndOfSequence(text, i + 2);
            else if (text[i] is '\r' or '\n' or '\u2028' or '\u2029')
                clean.Append(' ');
            else if (text[i] == '\t' || !char.IsControl(text[i]))
                clean.Append(text[i]);
        }
        return Shorten(clean.ToString());
    }

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
