using System.Collections.Immutable;
using System.Globalization;
using System.Runtime.CompilerServices;

namespace Sluice.Logs;

/// <summary>
/// One app's log: its segments on disk and its last lines in memory, which all readers share. A reader keeps its place as a number, so a slow one
/// costs nothing and never holds up the writer; what it missed is counted and said.
/// </summary>
internal sealed class AppLog(string folder, LogLimits limits, TimeProvider clock)
{
    private const string Overflow = "Error L11 (tail buffer overflow)";

    private readonly Lock gate = new();

    // Touched under the gate only.
    private readonly LogSegments segments = new(folder, limits.MostBytes);
    private readonly LogLine?[] ring = new LogLine?[limits.RingLines];
    private long cursor;                    // of the last line that had one
    private long first = 1, next = 1;       // the ring holds [first, next)
    private long ringChars;
    private double allowed = limits.BurstLines;
    private long lastAllowed = clock.GetTimestamp(), lastWrite = clock.GetTimestamp();
    private long dropped;
    private DateTimeOffset droppedSince;
    private bool opened, gone;
    private TaskCompletionSource? grew;

    public long Last
    {
        get
        {
            lock (gate)
            {
                Open_NeedsLock();
                return next - 1;
            }
        }
    }

    /// <summary>Adds a line. Dropped (counted, and said later) above the rate that one app may log at; left out when its cursor was had before.</summary>
    public void Append(SourceLine line)
    {
        TaskCompletionSource? wake;
        lock (gate)
        {
            Open_NeedsLock();
            if (gone || IsKnown_NeedsLock(line))
                return;
            if (!IsAllowed_NeedsLock())
            {
                if (dropped++ == 0)
                    droppedSince = clock.GetUtcNow();
                return;
            }
            SayDropped_NeedsLock();
            Write_NeedsLock(line.At, line.Source, line.Dyno, line.Text, line.Cursor);
            (wake, grew) = (grew, null);
        }
        wake?.TrySetResult();
    }

    /// <summary>Once a second: says what was dropped, lets a quiet file go.</summary>
    public void Tick()
    {
        TaskCompletionSource? wake = null;
        lock (gate)
        {
            if (!opened || gone)
                return;
            if (dropped > 0 && IsAllowed_NeedsLock())
            {
                SayDropped_NeedsLock();
                (wake, grew) = (grew, null);
            }
            if (clock.GetElapsedTime(lastWrite) > limits.RestAfter)
                segments.Rest();
        }
        wake?.TrySetResult();
    }

    /// <summary>How much it may keep on disk from now on; what is older than that goes at once.</summary>
    public void Bound(long bytes)
    {
        lock (gate)
        {
            segments.MostBytes = bytes;
            if (!gone)
                segments.Trim();
        }
    }

    /// <summary>The last <paramref name="count"/> lines that the filter lets through, oldest first, and what is missing before them.</summary>
    public async Task<LogPast> PastAsync(int count, LogFilter filter, CancellationToken ct)
    {
        ImmutableArray<LogLine> near;
        long oldest;
        lock (gate)
        {
            Open_NeedsLock();
            near = [.. Ring_NeedsLock(0).Where(filter.Lets).TakeLast(count)];
            oldest = first;
        }
        if (near.Length == count)
            return new(near, null);
        var (far, start) = await segments.LastAsync(oldest, count - near.Length, filter, ct);
        ImmutableArray<LogLine> all = [.. far, .. near];
        return new(all, start > 1 ? NotKept(start.Value, all.IsEmpty ? clock.GetUtcNow() : all[0].At) : null);
    }

    /// <summary>Lines after <paramref name="after"/>, from disk as far as they are still there, then as they come.</summary>
    public async IAsyncEnumerable<LogLine> TailAsync(long after, LogFilter filter, [EnumeratorCancellation] CancellationToken ct)
    {
        var at = Math.Min(after, Last);
        for (var isBehind = after > 0; ; isBehind = true)   // who asks for all gets what there is; who was there before is told of a gap
        {
            // What left the memory may still be on disk: a reader that was slow misses only what is on neither.
            var oldest = FirstInRing();
            if (at + 1 < oldest)
            {
                await foreach (var line in segments.ReadAsync(at, oldest, ct))
                {
                    if (isBehind && line.Seq > at + 1)
                        yield return Missed(line.Seq, line.Seq - at - 1);
                    at = line.Seq;
                    if (filter.Lets(line))
                        yield return line;
                }
            }
            var (lines, growth) = After(at);
            if (lines is [{ Seq: var seq }, ..] && seq > at + 1 && seq > oldest)
                continue;   // more left the memory meanwhile
            if (lines is [{ Seq: var first }, ..] && first > at + 1)
                yield return Missed(first, first - at - 1);
            foreach (var line in lines)
            {
                at = line.Seq;
                if (filter.Lets(line))
                    yield return line;
            }
            if (growth is not null)
                await growth.WaitAsync(ct);
            else if (lines.Length == 0)
                yield break;
        }
    }

    /// <summary>The app is gone: its readers end and its files are removed.</summary>
    public void Remove()
    {
        TaskCompletionSource? wake;
        lock (gate)
        {
            gone = opened = true;
            first = next;
            segments.Dispose();
            (wake, grew) = (grew, null);
            if (Directory.Exists(folder))
                Directory.Delete(folder, recursive: true);
        }
        wake?.TrySetResult();
    }

    public void Close()
    {
        lock (gate)
            segments.Dispose();
    }

    /// <summary>No lines and no task: the log is gone. No lines and a task: wait for it.</summary>
    private (ImmutableArray<LogLine> Lines, Task? Growth) After(long at)
    {
        lock (gate)
        {
            ImmutableArray<LogLine> lines = gone ? [] : [.. Ring_NeedsLock(at)];
            if (lines.Length > 0 || gone)
                return (lines, lines.Length > 0 ? Task.CompletedTask : null);
            grew ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            return (lines, grew.Task);
        }
    }

    private long FirstInRing()
    {
        lock (gate)
            return first;
    }

    private IEnumerable<LogLine> Ring_NeedsLock(long after)
    {
        for (var seq = Math.Max(first, after + 1); seq < next; seq++)
            yield return ring[seq % ring.Length]!;
    }

    private void Open_NeedsLock()
    {
        if (opened)
            return;
        opened = true;
        var (lines, number) = segments.Recover();
        (first, next) = (number, number);
        foreach (var (line, from) in lines)
        {
            if (line.Seq != next)
                (first, next, ringChars) = (line.Seq, line.Seq, 0);
            Keep_NeedsLock(line);
            cursor = from ?? cursor;
        }
    }

    private bool IsKnown_NeedsLock(SourceLine line)
    {
        if (line.Cursor is not { } number)
            return false;
        var isKnown = number <= cursor;
        cursor = Math.Max(cursor, number);
        return isKnown;
    }

    private bool IsAllowed_NeedsLock()
    {
        allowed = Math.Min(limits.BurstLines, allowed + (clock.GetElapsedTime(lastAllowed).TotalSeconds * limits.LinesPerSecond));
        lastAllowed = clock.GetTimestamp();
        if (allowed < 1)
            return false;
        allowed--;
        return true;
    }

    private void SayDropped_NeedsLock()
    {
        if (dropped == 0)
            return;
        var text = $"Error L10 (output buffer overflow): {dropped} messages dropped since {droppedSince.ToUniversalTime():yyyy-MM-ddTHH:mm:ss}+00:00.";
        dropped = 0;
        Write_NeedsLock(clock.GetUtcNow(), "heroku", "logplex", text, null);
    }

    private void Write_NeedsLock(DateTimeOffset at, string source, string dyno, string text, long? number)
    {
        var line = LogLine.Of(next, at, source, dyno, text);
        try
        {
            segments.Wake();
            segments.Append(line, number);
            lastWrite = clock.GetTimestamp();
        }
        catch (IOException)
        {
            // A full disk: those who tail still see the line, the file goes on when there is space; the platform itself must not stop for a log.
            segments.Rest();
        }
        Keep_NeedsLock(line);
    }

    private void Keep_NeedsLock(LogLine line)
    {
        while (next - first >= ring.Length || (next > first && ringChars + CharsOf(line) > limits.RingChars))
        {
            ringChars -= CharsOf(ring[first % ring.Length]!);
            ring[first++ % ring.Length] = null;
        }
        ring[next++ % ring.Length] = line;
        ringChars += CharsOf(line);
    }

    private static int CharsOf(LogLine line) => line.Text.Length + (line.Coloured?.Length ?? 0);

    /// <summary>It stands for lines that this reader was too late for; no log has it.</summary>
    public static bool IsGap(LogLine line) => line is { Source: "heroku", Dyno: "logplex" } && line.Text.StartsWith(Overflow, StringComparison.Ordinal);

    /// <summary>Said once, at the start of a reading that reaches back to the first line that is kept.</summary>
    private LogLine NotKept(long start, DateTimeOffset at) => new(
        start - 1, at, "heroku", "logplex",
        string.Create(CultureInfo.InvariantCulture, $"{start - 1} earlier {(start == 2 ? "line is" : "lines are")} not kept: this app's log may have {segments.MostBytes / (1024 * 1024.0):0.###} MB."));

    private LogLine Missed(long before, long count) => new(
        before - 1, clock.GetUtcNow(), "heroku", "logplex", $"{Overflow}: {count} messages dropped for this reader.");
}
