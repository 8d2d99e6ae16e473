using System.Buffers.Text;
using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Unicode;
using Sluice.Jobs;

namespace Sluice.Router;

/// <summary>
/// Router log lines that wait for the server to take them, in blocks, each line as <c>APP TICKS TEXT</c>. While the server is away the newest 2 MB are kept. Above
/// what an app's log takes anyway, lines are counted and not even made; either way the log says how many are missing. Visitors never wait for a log.
/// </summary>
internal sealed class RequestLines(TimeProvider clock)
{
    private const int BlockSize = 64 * 1024, MostBlocks = 32;
    private const int HeadBytes = 64;
    private static readonly TimeSpan Look = TimeSpan.FromSeconds(1);

    private readonly ConcurrentDictionary<AppId, LineQuota> quotas = new();
    private readonly Wakeup wakeup = new();
    private readonly Lock gate = new();

    // Under the gate.
    private readonly Queue<byte[]> full = new();
    private readonly byte[] current = new byte[BlockSize];
    private int used;

    /// <summary>What an app's log takes for long, and at once.</summary>
    internal int LinesPerSecond { get; init; } = 5_000;
    internal int BurstLines { get; init; } = 20_000;

    [SkipLocalsInit]
    public void Add(AppId app, in RequestLine line)
    {
        var quota = quotas.GetOrAdd(app, static (_, lines) => new LineQuota(lines.LinesPerSecond, lines.BurstLines), this);
        var now = clock.GetUtcNow();
        if (!quota.Allows(out var missed))
            return;
        Span<byte> bytes = stackalloc byte[HeadBytes + RequestLine.MostBytes];
        if (missed > 0)
            SayMissed(app, now, missed);
        Add(app, now, bytes, line.Write(bytes[HeadBytes..]));
    }

    /// <summary>All lines that wait, in blocks, as soon as there are any.</summary>
    public async Task<byte[][]> TakeAsync(CancellationToken ct)
    {
        while (true)
        {
            lock (gate)
            {
                if (used > 0)
                    Seal_NeedsLock();
                if (full.Count > 0)
                {
                    byte[][] all = [.. full];
                    full.Clear();
                    return all;
                }
            }
            await wakeup.WaitAsync(Look, clock, ct);
            foreach (var (app, quota) in quotas)
            {
                if (quota.TakeMissed() is > 0 and var missed)
                    SayMissed(app, clock.GetUtcNow(), missed);
            }
        }
    }

    private void SayMissed(AppId app, DateTimeOffset now, long missed)
    {
        Span<byte> bytes = stackalloc byte[HeadBytes + 128];
        Add(app, now, bytes, Encoding.ASCII.GetBytes($"Error L10 (output buffer overflow): {missed} messages dropped.", bytes[HeadBytes..]));
    }

    /// <summary>The text stands behind the room for the head.</summary>
    private void Add(AppId app, DateTimeOffset at, Span<byte> bytes, int count)
    {
        Span<byte> head = stackalloc byte[HeadBytes];
        Utf8.TryWrite(head, CultureInfo.InvariantCulture, $"{app.Value:N} {at.UtcTicks} ", out var headCount);
        var line = bytes[(HeadBytes - headCount)..(HeadBytes + count + 1)];
        head[..headCount].CopyTo(line);
        line[^1] = (byte)'\n';
        lock (gate)
        {
            if (used + line.Length > BlockSize)
                Seal_NeedsLock();
            line.CopyTo(current.AsSpan(used));
            used += line.Length;
            if (used > line.Length)
                return;
        }
        wakeup.Nudge();
    }

    private void Seal_NeedsLock()
    {
        full.Enqueue(current[..used]);
        used = 0;
        if (full.Count > MostBlocks)
            CountLost(full.Dequeue());
    }

    private void CountLost(ReadOnlySpan<byte> block)
    {
        const int IdLength = 32;
        for (var end = 0; !block.IsEmpty; block = block[(end + 1)..])
        {
            end = block.IndexOf((byte)'\n');
            if (Utf8Parser.TryParse(block[..IdLength], out Guid app, out _, 'N') && quotas.TryGetValue(new AppId(app), out var quota))
                quota.Miss();
        }
    }
}

/// <summary>How many lines an app may still log now, and how many were left out since the last.</summary>
internal sealed class LineQuota(int perSecond, int burst)
{
    private readonly Lock gate = new();
    private double allowed = burst;
    private long last = Stopwatch.GetTimestamp();
    private long missed;

    /// <param name="missedBefore">Lines left out before this one.</param>
    public bool Allows(out long missedBefore)
    {
        lock (gate)
        {
            var isAllowed = HasRoom_NeedsLock();
            missedBefore = isAllowed ? missed : 0;
            missed = isAllowed ? 0 : missed + 1;
            allowed -= isAllowed ? 1 : 0;
            return isAllowed;
        }
    }

    /// <summary>Lines left out, when there is room again to say so; else 0.</summary>
    public long TakeMissed()
    {
        lock (gate)
        {
            var count = missed > 0 && HasRoom_NeedsLock() ? missed : 0;
            missed -= count;
            return count;
        }
    }

    public void Miss()
    {
        lock (gate)
            missed++;
    }

    private bool HasRoom_NeedsLock()
    {
        if (allowed >= 1)
            return true;
        var now = Stopwatch.GetTimestamp();
        allowed = Math.Min(burst, allowed + (Stopwatch.GetElapsedTime(last, now).TotalSeconds * perSecond));
        last = now;
        return allowed >= 1;
    }
}
