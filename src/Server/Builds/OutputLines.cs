using System.Buffers;
using System.Text;

namespace Sluice.Builds;

/// <summary>
/// Bytes that a sandbox printed → lines that are safe to show in a terminal: no control characters but tab and colour codes, at most
/// 10,000 bytes each. A carriage return ends a line too, as progress bars use it.
/// </summary>
internal sealed class OutputLines(Func<string, ValueTask> line)
{
    private const int MaxBytes = 10_000;
    private static readonly SearchValues<char> OfColours = SearchValues.Create("0123456789;:");
    private readonly List<byte> partial = [];
    private bool lastWasReturn;

    /// <summary>Bytes taken so far.</summary>
    public long Bytes { get; private set; }

    public async ValueTask AddAsync(ReadOnlyMemory<byte> bytes)
    {
        Bytes += bytes.Length;
        for (var i = 0; i < bytes.Length; i++)
        {
            var b = bytes.Span[i];
            var skip = b == '\n' && lastWasReturn;
            lastWasReturn = b == '\r';
            if (skip)
                continue;
            if (b is (byte)'\n' or (byte)'\r')
                await EndLineAsync();
            else
                partial.Add(b);
            if (partial.Count >= MaxBytes)
                await EndLineAsync();
        }
    }

    /// <summary>What came without a newline at the very end.</summary>
    public ValueTask EndAsync() => partial.Count > 0 ? EndLineAsync() : ValueTask.CompletedTask;

    private ValueTask EndLineAsync()
    {
        var text = Encoding.UTF8.GetString(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(partial));
        partial.Clear();
        return line(Safe(text));
    }

    /// <summary>Drops C0 and C1 control characters, except tab and <c>ESC [ 1;32 m</c>.</summary>
    public static string Safe(string text)
    {
        if (!text.Any(c => char.IsControl(c) && c != '\t'))
            return text;
        var safe = new StringBuilder(text.Length);
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] == '\e')
            {
                var length = EscapeLength(text.AsSpan(i));
                if (IsColour(text.AsSpan(i, length)))
                    safe.Append(text, i, length);
                i += length - 1;
            }
            else if (!char.IsControl(text[i]) || text[i] == '\t')
            {
                safe.Append(text[i]);
            }
        }
        return safe.ToString();
    }

    // Between its ends nothing but numbers: other parameters are other commands, and a C1 character there would begin one.
    private static bool IsColour(ReadOnlySpan<char> escape) =>
        escape is ['\e', '[', .. var numbers, 'm'] && !numbers.ContainsAnyExcept(OfColours);

    // CSI: ESC [ parameters final. OSC and the like: up to BEL or ESC \. Others: two characters.
    private static int EscapeLength(ReadOnlySpan<char> text)
    {
        if (text.Length < 2)
            return 1;
        if (text[1] == '[')
        {
            var end = text[2..].IndexOfAnyInRange('@', '~');
            return end < 0 ? text.Length : end + 3;
        }
        if (text[1] is ']' or 'P' or '^' or '_' or 'X')
        {
            var end = text[2..].IndexOfAny('\a', '\e');
            return end < 0 ? text.Length : text[end + 2] == '\e' ? Math.Min(end + 4, text.Length) : end + 3;
        }
        return 2;
    }
}
