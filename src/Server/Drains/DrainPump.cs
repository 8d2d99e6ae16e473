using System.Collections.Immutable;
using System.Globalization;
using Sluice.Logs;

namespace Sluice.Drains;

/// <summary>
/// Sends one app's lines to one drain, in order, each again until it is taken. It keeps its place in the app's log as a number and holds one batch: a receiver
/// that is slow or dead costs no memory and holds up nobody. What the log no longer has when its turn comes is counted, and said in the log.
/// </summary>
internal sealed class DrainPump(Drain drain, IReceiver receiver, AppLogs logs, string file, DrainTimes times, TimeProvider clock)
{
    private const int MostLines = 100, MostChars = 256 * 1024, MostLinesBefore = 1500;

    /// <summary>The log keeps times in whole ones.</summary>
    private static readonly TimeSpan LogTick = TimeSpan.FromMicroseconds(1);

    /// <summary>Numbers of the last line that was read, and of the last that was taken.</summary>
    private long read, taken;
    private long savedAt;
    private long dropped;
    private DateTimeOffset droppedSince;
    private long? saidDroppedAt, saidTroubleAt;

    /// <summary>Why it does not take lines now, one sentence; null when it does.</summary>
    public string? Trouble { get; private set; }

    /// <summary>Until cancelled, or the app is gone.</summary>
    public async Task RunAsync(CancellationToken ct)
    {
        read = taken = Load() ?? await BeforeDrainAsync(ct);
        Save();
        await using var lines = new Following<LogLine>(logs.TailAsync(drain.App, read, LogFilter.All, ct), ct);
        try
        {
            while (await lines.Next)
            {
                var batch = ImmutableArray.CreateBuilder<LogLine>();
                var chars = 0;
                do
                    chars += Read(lines.Take(), batch);
                while (batch.Count < MostLines && chars < MostChars && lines.Next.IsCompleted && await lines.Next);
                if (batch.Count > 0)
                    await DeliverAsync(batch.ToImmutable(), ct);
                taken = read;
                SaveNowAndThen();
                SayDropped();
            }
        }
        finally
        {
            receiver.Dispose();
            Save();
        }
    }

    /// <summary>A gap in the numbers is what this reader was too late for. The log's own word for it is for readers at a terminal; here it is counted.</summary>
    private int Read(LogLine line, ImmutableArray<LogLine>.Builder batch)
    {
        var isGap = AppLog.IsGap(line);
        if (isGap || line.Seq > read + 1)
            Drop(line.Seq - read - (isGap ? 0 : 1));
        read = line.Seq;
        if (isGap)
            return 0;
        batch.Add(line);
        return line.Text.Length;
    }

    private async Task DeliverAsync(ImmutableArray<LogLine> lines, CancellationToken ct)
    {
        for (var pause = times.First; ; pause = pause * 2 < times.Longest ? pause * 2 : times.Longest)
        {
            try
            {
                await receiver.TakeAsync(lines, ct);
                Trouble = null;
                return;
            }
            catch (Exception trouble) when (!ct.IsCancellationRequested)
            {
                SayTrouble(DrainNetwork.Sentence(drain.Address, trouble));
                await Task.Delay(pause, clock, ct);
                if (trouble is DrainTroubleException { IsRefused: true })
                {
                    Drop(lines.Length);
                    return;
                }
            }
        }
    }

    /// <summary>Once an outage, and not too often when it comes and goes: the line goes to the app's log, and with it to its drains.</summary>
    private void SayTrouble(string sentence)
    {
        var isNew = Trouble is null;
        Trouble = sentence;
        if (!isNew || (saidTroubleAt is { } at && clock.GetElapsedTime(at) < times.SayEvery))
            return;
        saidTroubleAt = clock.GetTimestamp();
        logs.Say(drain.App, "logplex", $"drain '{drain.Token}' does not take lines: {sentence} They are kept as long as the log has them, and sent again.");
    }

    private void Drop(long count)
    {
        if (dropped == 0)
            droppedSince = clock.GetUtcNow();
        dropped += count;
    }

    private void SayDropped()
    {
        if (dropped == 0 || (saidDroppedAt is { } at && clock.GetElapsedTime(at) < times.SayDroppedEvery))
            return;
        saidDroppedAt = clock.GetTimestamp();
        logs.Say(drain.App, "logplex", $"Error L10 (output buffer overflow): drain '{drain.Token}' dropped {dropped} messages since {droppedSince.ToUniversalTime():yyyy-MM-ddTHH:mm:ss}+00:00.");
        dropped = 0;
    }

    /// <summary>The line before the first that is as new as the drain: what came between its being added and its pump's first start, which a restart may part, is its as well.</summary>
    private async Task<long> BeforeDrainAsync(CancellationToken ct)
    {
        var last = logs.LastOf(drain.App);
        var kept = await logs.RecentAsync(drain.App, MostLinesBefore, LogFilter.All, ct);
        return kept.FirstOrDefault(line => line.At > drain.CreatedAt - LogTick) is { } first ? Math.Min(first.Seq - 1, last) : last;
    }

    private long? Load() => File.Exists(file) && long.TryParse(File.ReadAllText(file), CultureInfo.InvariantCulture, out var number) ? number : null;

    /// <summary>A place that is too old means lines twice, none lost.</summary>
    private void SaveNowAndThen()
    {
        if (clock.GetElapsedTime(savedAt) > times.SaveEvery)
            Save();
    }

    private void Save()
    {
        savedAt = clock.GetTimestamp();
        try
        {
            File.WriteAllText(file + ".tmp", taken.ToString(CultureInfo.InvariantCulture));
            File.Move(file + ".tmp", file, overwrite: true);
        }
        catch (IOException)
        {
            // A full disk: the place is kept in memory, and is written when there is room.
        }
    }
}

/// <summary>How patient a pump is.</summary>
internal sealed record DrainTimes
{
    /// <summary>Between two tries: the first pause, doubled up to the longest.</summary>
    public TimeSpan First { get; init; } = TimeSpan.FromSeconds(1);
    public TimeSpan Longest { get; init; } = TimeSpan.FromSeconds(60);

    public TimeSpan SaveEvery { get; init; } = TimeSpan.FromSeconds(1);
    public TimeSpan SayEvery { get; init; } = TimeSpan.FromMinutes(10);
    public TimeSpan SayDroppedEvery { get; init; } = TimeSpan.FromSeconds(10);
}
