using System.Text;
using Sluice.Logs;

namespace Sluice.Dashboard.AppPage;

/// <summary>What a build or a release phase printed so far, as whole lines.</summary>
/// <param name="Text">Each line made safe to show; empty when there is none.</param>
/// <param name="End">So many bytes of the file are in it, or before it.</param>
public sealed record PrintedOutput(string Text, long End)
{
    private const int Most = 256 * 1024;

    public static readonly PrintedOutput None = new("", 0);

    /// <summary>The end of it when it is very long.</summary>
    /// <param name="grows">Leaves a line that is not closed yet to those who follow.</param>
    internal static async Task<PrintedOutput> ReadAsync(string path, bool grows, CancellationToken ct)
    {
        if (!File.Exists(path))
            return None;
        await using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        var begin = Math.Max(0, file.Length - Most);
        file.Seek(begin, SeekOrigin.Begin);
        var bytes = new byte[Most];
        var length = await file.ReadAtLeastAsync(bytes, Most, throwOnEndOfStream: false, ct);
        length = grows ? bytes.AsSpan(0, length).LastIndexOf((byte)'\n') + 1 : length;
        return new PrintedOutput(TextOf(bytes.AsSpan(0, length)), begin + length);
    }

    /// <param name="bytes">Lines; what is not closed by a newline counts as one.</param>
    internal static string TextOf(ReadOnlySpan<byte> bytes) =>
        bytes.IsEmpty ? "" : string.Join('\n', Encoding.UTF8.GetString(bytes[^1] == '\n' ? bytes[..^1] : bytes).Split('\n').Select(LogText.Shown));
}
