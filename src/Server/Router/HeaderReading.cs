using System.Text;

namespace Sluice.Router;

/// <summary>How Kestrel is to read a header's bytes: as they came, but for the two that it would read in ways of its own.</summary>
internal abstract class HeaderReading : Encoding
{
    private static readonly DigitsOnly Length = new();
    private static readonly EveryName Connection = new();

    /// <summary>For Kestrel to choose by.</summary>
    public static Encoding Of(string header) => header == "Content-Length" ? Length : header == "Connection" ? Connection : Latin1;

    public override int GetByteCount(char[] chars, int index, int count) => count;

    public override int GetBytes(char[] chars, int charIndex, int charCount, byte[] bytes, int byteIndex) => Latin1.GetBytes(chars, charIndex, charCount, bytes, byteIndex);

    public override int GetMaxByteCount(int charCount) => charCount;
}

/// <summary>
/// Reads a Content-Length as digits and nothing else: what Kestrel's own parser takes, a sign for one, another server may take otherwise.
/// </summary>
internal sealed class DigitsOnly : HeaderReading
{
    /// <summary>Kestrel gives room for one digit more than any length has, and refuses a length that fills it: what goes beyond is not read.</summary>
    public override int GetChars(ReadOnlySpan<byte> bytes, Span<char> chars)
    {
        var count = Math.Min(bytes.Length, chars.Length);
        for (var i = 0; i < count; i++)
            chars[i] = char.IsAsciiDigit((char)bytes[i]) ? (char)bytes[i] : 'x';
        return count;
    }

    public override int GetChars(byte[] bytes, int byteIndex, int byteCount, char[] chars, int charIndex) => GetChars(bytes.AsSpan(byteIndex, byteCount), chars.AsSpan(charIndex));

    public override int GetCharCount(byte[] bytes, int index, int count) => count;

    public override int GetMaxCharCount(int byteCount) => byteCount;
}

/// <summary>
/// Reads a Connection so that every name in it stays. Where Kestrel finds only one of keep-alive, close and upgrade, it puts that one word in place of the whole
/// header, and what stood beside it would go on to the app. So a header that names another gets two of them besides: Kestrel leaves it whole, and closes
/// the connection after the answer, as a server may at any time.
/// </summary>
internal sealed class EveryName : HeaderReading
{
    private const string TwoMore = ", close, keep-alive";

    public override int GetChars(byte[] bytes, int byteIndex, int byteCount, char[] chars, int charIndex)
    {
        var read = Latin1.GetChars(bytes, byteIndex, byteCount, chars, charIndex);
        if (!NamesAnother(bytes.AsSpan(byteIndex, byteCount)))
            return read;
        TwoMore.CopyTo(chars.AsSpan(charIndex + read));
        return read + TwoMore.Length;
    }

    public override int GetCharCount(byte[] bytes, int index, int count) => count + (NamesAnother(bytes.AsSpan(index, count)) ? TwoMore.Length : 0);

    public override int GetMaxCharCount(int byteCount) => byteCount + TwoMore.Length;

    private static bool NamesAnother(ReadOnlySpan<byte> value)
    {
        foreach (var part in value.Split((byte)','))
        {
            var name = value[part].Trim(" \t"u8);
            if (name.Length > 0 && !IsKnown(name))
                return true;
        }
        return false;
    }

    /// <summary>Names no header that goes on, whatever else is said.</summary>
    private static bool IsKnown(ReadOnlySpan<byte> name) =>
        Ascii.EqualsIgnoreCase(name, "keep-alive"u8) || Ascii.EqualsIgnoreCase(name, "close"u8) || Ascii.EqualsIgnoreCase(name, "upgrade"u8)
        || Ascii.EqualsIgnoreCase(name, "te"u8) || Ascii.EqualsIgnoreCase(name, "http2-settings"u8);
}
