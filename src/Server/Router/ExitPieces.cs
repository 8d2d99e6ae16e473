namespace Sluice.Router;

/// <summary>
/// Cuts a one-off dyno's output so that the line with its exit status (the character U+FFFF, then words) is a piece of its own: clients look for it in each
/// piece that they get, and not across two.
/// </summary>
internal sealed class ExitPieces
{
    /// <summary>A line that begins so and is longer is not the one.</summary>
    private const int LongestLine = 100;
    private static ReadOnlySpan<byte> Mark => [0xEF, 0xBF, 0xBF];
    private byte[] held = [];

    /// <summary>What can be sent now, each piece at once.</summary>
    public IEnumerable<ReadOnlyMemory<byte>> Of(ReadOnlyMemory<byte> bytes)
    {
        ReadOnlyMemory<byte> all = held.Length == 0 ? bytes : (byte[])[.. held, .. bytes.Span];
        held = [];
        while (all.Length > 0)
        {
            var start = all.Span.IndexOf(Mark);
            if (start < 0)
                start = all.Length - BeginningOfMark(all.Span);
            if (start > 0)
                yield return all[..start];
            all = all[start..];
            var end = all.Span.IndexOf((byte)'\n') + 1;
            if (end == 0 && all.Length < LongestLine)
            {
                held = all.ToArray();
                yield break;
            }

            end = end == 0 ? all.Length : end;
            yield return all[..end];
            all = all[end..];
        }
    }

    /// <summary>What was held back for more that did not come.</summary>
    public byte[] Rest() => held;

    /// <summary>How many of the last bytes may be the mark's first.</summary>
    private static int BeginningOfMark(ReadOnlySpan<byte> bytes) => bytes.EndsWith(Mark[..2]) ? 2 : bytes.EndsWith(Mark[..1]) ? 1 : 0;
}
