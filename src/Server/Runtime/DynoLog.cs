using System.Globalization;
using System.Text;
using Sluice.Storage;

namespace Sluice.Runtime;

/// <summary>
/// The last lines of each app's dynos, numbered over all of them. Bounded per app, so that one that floods costs only itself its older lines; a
/// reader who comes too late is told how many are gone. Numbers are set aside in a file in blocks, so that they go on after a restart.
/// </summary>
internal sealed class DynoLog
{
    private const int LinesPerApp = 1500;
    private const int Block = 100_000;
    private readonly string file;
    private readonly Disk disk;
    private readonly Lock one = new();
    private readonly Dictionary<AppId, Ring> rings = [];
    private TaskCompletionSource more = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long last, setAside;

    public DynoLog(string file, Disk disk)
    {
        (this.file, this.disk) = (file, disk);
        last = setAside = disk.Read(file) is { } text && long.TryParse(Encoding.ASCII.GetString(text), CultureInfo.InvariantCulture, out var number) ? number : 0;
    }

    public void Append(AppId app, string dyno, DateTimeOffset at, string text)
    {
        lock (one)
        {
            if (++last > setAside)
                SetAside_NeedsLock();
            if (!rings.TryGetValue(app, out var ring))
                rings[app] = ring = new Ring();
            ring.Add(new DynoLine(last, app, dyno, at, text));
            var waiting = more;
            more = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            waiting.TrySetResult();
        }
    }

    /// <summary>Gives lines after <paramref name="after"/> in order, for ever.</summary>
    public async Task ReadAsync(long after, Func<IReadOnlyList<DynoLine>, ValueTask> give, CancellationToken ct)
    {
        var seen = new Dictionary<AppId, long>();
        while (true)
        {
            var (lines, wait) = Take(after, seen);
            if (lines.Count == 0)
            {
                await wait.WaitAsync(ct);
                continue;
            }
            await give(lines);
            after = lines[^1].Seq;
        }
    }

    private (List<DynoLine> Lines, Task More) Take(long after, Dictionary<AppId, long> seen)
    {
        lock (one)
        {
            var lines = new List<DynoLine>();
            foreach (var (app, ring) in rings)
                lines.AddRange(ring.After(after, seen.TryGetValue(app, out var count) ? count : null));
            foreach (var (app, ring) in rings)
                seen[app] = ring.Count;
            lines.Sort((a, b) => a.Seq.CompareTo(b.Seq));
            return (lines, more.Task);
        }
    }

    private void SetAside_NeedsLock()
    {
        setAside = last + Block;
        disk.Publish(file, Encoding.ASCII.GetBytes(setAside.ToString(CultureInfo.InvariantCulture)), UnixFileMode.UserRead | UnixFileMode.UserWrite);
    }

    /// <summary>One app's lines.</summary>
    private sealed class Ring
    {
        private readonly Queue<DynoLine> lines = new();

        /// <summary>How many there ever were.</summary>
        public long Count { get; private set; }

        public void Add(DynoLine line)
        {
            lines.Enqueue(line);
            Count++;
            if (lines.Count > LinesPerApp)
                lines.Dequeue();
        }

        /// <summary><paramref name="seen"/>: how many of this app's lines the reader knows of; null for a new reader, to whom nothing counts as lost.</summary>
        public IEnumerable<DynoLine> After(long after, long? seen)
        {
            var lost = seen is { } known ? Count - lines.Count - known : 0;
            if (lost > 0 && lines.TryPeek(out var first))
                yield return first with { Seq = first.Seq - 1, Text = $"Error L10 (output buffer overflow): {lost} lines dropped." };
            foreach (var line in lines)
            {
                if (line.Seq > after)
                    yield return line;
            }
        }
    }
}

/// <summary>Cuts bytes into lines of text: at each newline, and at 10,000 bytes.</summary>
internal sealed class LineCutter(Action<string> line)
{
    private const int Longest = 10_000;
    private readonly MemoryStream begun = new();

    public void Add(ReadOnlySpan<byte> bytes)
    {
        while (bytes.Length > 0)
        {
            var end = bytes.IndexOf((byte)'\n');
            var part = end < 0 ? bytes : bytes[..end];
            var fits = part[..Math.Min(part.Length, Longest - (int)begun.Length)];
            begun.Write(fits);
            var isWhole = fits.Length == part.Length && end >= 0;
            bytes = bytes[(fits.Length + (isWhole ? 1 : 0))..];
            if (isWhole || begun.Length == Longest)
                Give();
        }
    }

    /// <summary>The last line, if it had no newline.</summary>
    public void End()
    {
        if (begun.Length > 0)
            Give();
    }

    private void Give()
    {
        line(Encoding.UTF8.GetString(begun.GetBuffer(), 0, (int)begun.Length).TrimEnd('\r'));
        begun.SetLength(0);
    }
}
