using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;

namespace Sluice.Logs;

/// <summary>
/// One app's log on disk: a folder of segments named by the first line in them, the oldest removed when all together would grow beyond
/// <see cref="MostBytes"/>. A line is <c>SEQ CURSOR 2026-…+00:00 app[web.1]: text</c>; the cursor is its number at its <see cref="LogSource"/>, or <c>-</c>. Not
/// synced: a power cut may cost the last lines, a kill does not.
/// </summary>
internal sealed class LogSegments(string folder, long mostBytes) : IDisposable
{
    /// <summary>What goes at once is at most this part of the whole, and what a start reads stays small.</summary>
    private const int Parts = 5;
    private const long LargestSegment = 1024 * 1024;

    private FileStream? current;

    /// <summary>Of all segments together.</summary>
    public long MostBytes { get; set; } = mostBytes;

    private long SegmentBytes => Math.Min(MostBytes / Parts, LargestSegment);

    /// <summary>Appends; begins a new segment when the current one is full.</summary>
    public void Append(LogLine line, long? cursor)
    {
        var text = string.Create(CultureInfo.InvariantCulture, $"{line.Seq} {(cursor is { } c ? c.ToString(CultureInfo.InvariantCulture) : "-")} {line.Kept}\n");
        var bytes = Encoding.UTF8.GetBytes(text);
        if (current is null || (current.Position > 0 && current.Position + bytes.Length > SegmentBytes))
            Begin(line.Seq);
        var start = current!.Position;
        try
        {
            current.Write(bytes);
        }
        catch (IOException)
        {
            current.SetLength(start);   // half a line would run into the next
            throw;
        }
    }

    /// <summary>The lines of the newest two segments, oldest first, and the number that comes next; a last line that a crash cut is removed.</summary>
    public (IReadOnlyList<(LogLine Line, long? Cursor)> Lines, long Next) Recover()
    {
        var segments = Segments();
        if (segments is not [.., var last])
            return ([], 1);
        var bytes = File.ReadAllBytes(last);
        var whole = bytes.AsSpan().LastIndexOf((byte)'\n') + 1;
        current = new FileStream(last, FileMode.Open, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete, 0);
        current.SetLength(whole);
        current.Position = whole;
        var text = Encoding.UTF8.GetString(bytes, 0, whole);
        if (segments is [.., var previous, _])
            text = File.ReadAllText(previous) + text;
        List<(LogLine, long?)> lines = [.. text.Split('\n').Select(Parse).Where(p => p.Line is not null).Select(p => (p.Line!, p.Cursor))];
        return (lines, lines is [.., var (newest, _)] ? newest.Seq + 1 : FirstOf(last));
    }

    /// <summary>The lines on disk between two numbers, both excluded, oldest first. Goes without a lock: a segment that is removed meanwhile is just not
    /// there, and <paramref name="before"/> is never above what was written whole.</summary>
    public async IAsyncEnumerable<LogLine> ReadAsync(long after, long before, [EnumeratorCancellation] CancellationToken ct)
    {
        var segments = Segments();
        for (var i = 0; i < segments.Length; i++)
        {
            if (i + 1 < segments.Length && FirstOf(segments[i + 1]) <= after + 1)
                continue;
            using var reader = OpenOrNull(segments[i]);
            while (reader is not null && await reader.ReadLineAsync(ct) is { } text)
            {
                if (Parse(text).Line is not { } line || line.Seq <= after)
                    continue;
                if (line.Seq >= before)
                    yield break;
                yield return line;
            }
        }
    }

    /// <summary>The last lines on disk before a number that the filter lets through, oldest first. Reads back only as far as it must.
    /// <c>First</c> is the number of the first line that is kept (<paramref name="before"/> when none is), null when the reading did not reach it.</summary>
    public async Task<(IReadOnlyList<LogLine> Lines, long? First)> LastAsync(long before, int count, LogFilter filter, CancellationToken ct)
    {
        List<LogLine> lines = [];
        var first = before;
        foreach (var segment in Segments().Reverse().SkipWhile(s => FirstOf(s) >= before))
        {
            using var reader = OpenOrNull(segment);
            List<LogLine> here = [];
            while (reader is not null && await reader.ReadLineAsync(ct) is { } text)
            {
                if (Parse(text).Line is not { } line)
                    continue;
                if (line.Seq >= before)
                    break;
                first = Math.Min(first, line.Seq);
                if (filter.Lets(line))
                    here.Add(line);
            }
            lines.InsertRange(0, here);
            if (lines.Count >= count)
                return (lines[^count..], null);
        }
        return (lines, first);
    }

    /// <summary>Removes the oldest segments, so that the newest can grow to its size within the bound.</summary>
    public void Trim()
    {
        var closed = Segments().SkipLast(1).ToArray();
        var total = SegmentBytes + closed.Sum(segment => new FileInfo(segment).Length);
        foreach (var oldest in closed.TakeWhile(_ => total > MostBytes))
        {
            total -= new FileInfo(oldest).Length;
            File.Delete(oldest);
        }
    }

    /// <summary>Closes the file until the next line, so that a thousand quiet apps do not hold a thousand files open.</summary>
    public void Rest()
    {
        current?.Dispose();
        current = null;
    }

    /// <summary>Opens the newest segment again after <see cref="Rest"/>.</summary>
    public void Wake()
    {
        if (current is null && Segments() is [.., var last])
            current = new FileStream(last, FileMode.Append, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete, 0);
    }

    public void Dispose() => Rest();

    private void Begin(long seq)
    {
        Rest();
        Directory.CreateDirectory(folder);
        current = new FileStream(Path.Combine(folder, seq.ToString("d12", CultureInfo.InvariantCulture) + ".log"), new FileStreamOptions
        {
            Mode = FileMode.Create, Access = FileAccess.Write, Share = FileShare.ReadWrite | FileShare.Delete, BufferSize = 0,
            UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
        });
        Trim();
    }

    private string[] Segments() =>
        Directory.Exists(folder) ? [.. Directory.GetFiles(folder, "*.log").Order(StringComparer.Ordinal)] : [];

    private static long FirstOf(string segment) => long.Parse(Path.GetFileNameWithoutExtension(segment), CultureInfo.InvariantCulture);

    private static (LogLine? Line, long? Cursor) Parse(string text)
    {
        var seqEnd = text.IndexOf(' ');
        var cursorEnd = seqEnd < 0 ? -1 : text.IndexOf(' ', seqEnd + 1);
        if (cursorEnd < 0 || !long.TryParse(text.AsSpan(0, seqEnd), CultureInfo.InvariantCulture, out var seq))
            return default;
        long? cursor = long.TryParse(text.AsSpan((seqEnd + 1)..cursorEnd), CultureInfo.InvariantCulture, out var c) ? c : null;
        return (LogLine.Parse(seq, text[(cursorEnd + 1)..]), cursor);
    }

    private static StreamReader? OpenOrNull(string segment)
    {
        try
        {
            return new StreamReader(new FileStream(segment, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete));
        }
        catch (FileNotFoundException)
        {
            return null;
        }
    }
}
