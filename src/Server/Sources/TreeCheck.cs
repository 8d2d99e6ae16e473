using System.Text;
using Sluice.Logs;

namespace Sluice.Sources;

/// <summary>
/// Looks at a pushed tree before anything is written from it: too many files, and names with control characters (git itself lets
/// a path that ends in a carriage return pass).
/// </summary>
internal static class TreeCheck
{
    public const int MaxFiles = 250_000;
    private const int MaxPath = 4096;
    private const string TooLong = "The commit has a path of more than 4,096 bytes.";

    /// <summary>Reads <c>git ls-tree -r -z --name-only</c> until its end or the first fault.</summary>
    public static async Task<string?> FaultAsync(Stream entries, CancellationToken ct)
    {
        var buffer = new byte[64 * 1024];
        var (filled, files) = (0, 0);
        while (await entries.ReadAsync(buffer.AsMemory(filled), ct) is var count and > 0)
        {
            filled += count;
            var start = 0;
            while (buffer.AsSpan(start, filled - start).IndexOf((byte)0) is var length and >= 0)
            {
                if (PathFault(buffer.AsSpan(start, length)) is { } fault)
                    return fault;
                if (++files > MaxFiles)
                    return $"The commit has more than {MaxFiles:N0} files. Keep what is made or installed by the build out of git.";
                start += length + 1;
            }
            buffer.AsSpan(start, filled - start).CopyTo(buffer);
            filled -= start;
            if (filled > MaxPath)
                return TooLong;
        }
        return null;
    }

    private static string? PathFault(ReadOnlySpan<byte> path)
    {
        if (path.Length > MaxPath)
            return TooLong;
        return path.IndexOfAnyInRange((byte)0, (byte)31) < 0 && !path.Contains((byte)127) ? null
            : $"The commit has a path with a control character, which no checkout could show: {Shown(path)}. Rename it.";
    }

    private static string Shown(ReadOnlySpan<byte> path) => LogText.Escaped(Encoding.UTF8.GetString(path)) is var text && text.Length <= 200 ? text : text[..200] + "...";
}
