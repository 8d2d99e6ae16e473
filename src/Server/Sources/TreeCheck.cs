using System.Text;

namespace Sluice.Sources;

/// <summary>
/// Looks at a pushed tree before anything is written from it: too many files, too much content, names with control characters (git itself lets
/// a path that ends in a carriage return pass).
/// </summary>
internal static class TreeCheck
{
    public const int MaxFiles = 250_000;
    public const long MaxBytes = 1L << 30;
    private const int MaxLine = 8192;

    /// <summary>Reads <c>git ls-tree -r -z -l</c> until its end or the first fault.</summary>
    public static async Task<string?> FaultAsync(Stream entries, CancellationToken ct)
    {
        var buffer = new byte[64 * 1024];
        var (filled, files, bytes) = (0, 0, 0L);
        while (await entries.ReadAsync(buffer.AsMemory(filled), ct) is var count and > 0)
        {
            filled += count;
            var start = 0;
            while (buffer.AsSpan(start, filled - start).IndexOf((byte)0) is var length and >= 0)
            {
                if (EntryFault(buffer.AsSpan(start, length), ref bytes) is { } fault)
                    return fault;
                if (++files > MaxFiles)
                    return $"The commit has more than {MaxFiles:N0} files. Keep what is made or installed by the build out of git.";
                start += length + 1;
            }
            buffer.AsSpan(start, filled - start).CopyTo(buffer);
            filled -= start;
            if (filled > MaxLine)
                return "The commit has a path of more than 4,096 bytes.";
        }
        return null;
    }

    // mode SP type SP sha SP size(padded) TAB path
    private static string? EntryFault(ReadOnlySpan<byte> entry, ref long bytes)
    {
        var tab = entry.IndexOf((byte)'\t');
        if (tab < 0)
            return "The commit's list of files cannot be read.";
        var path = entry[(tab + 1)..];
        if (path.Length > 4096)
            return "The commit has a path of more than 4,096 bytes.";
        if (path.IndexOfAnyInRange((byte)0, (byte)31) >= 0 || path.Contains((byte)127))
            return $"The commit has a path with a control character, which no checkout could show: {Shown(path)}. Rename it.";
        var facts = entry[..tab];
        if (long.TryParse(facts[(facts.LastIndexOf((byte)' ') + 1)..], out var size) && (bytes += size) > MaxBytes)
            return "The commit has more than 1 GiB of files. Keep large files out of git.";
        return null;
    }

    private static string Shown(ReadOnlySpan<byte> path)
    {
        var text = new StringBuilder();
        foreach (var rune in Encoding.UTF8.GetString(path).EnumerateRunes())
            text.Append(Rune.IsControl(rune) ? $"\\x{rune.Value:x2}" : rune.ToString());
        return text.Length <= 200 ? text.ToString() : text.ToString(0, 200) + "...";
    }
}
