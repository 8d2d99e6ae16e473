using System.Globalization;

namespace Sluice.Logs;

/// <summary>Pulls the lines of every <see cref="LogSource"/> into the apps' logs, and goes on where it was after a restart: no line twice, none lost.</summary>
internal sealed partial class LogGatherer(AppLogs logs, IEnumerable<LogSource> sources, DataFolder data, TimeProvider clock, ILogger<LogGatherer> log)
    : BackgroundService
{
    private static readonly TimeSpan Every = TimeSpan.FromSeconds(1);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        Directory.CreateDirectory(data.Logs);
        await Task.WhenAll([TickAsync(stoppingToken), .. sources.Select(source => GatherAsync(source, stoppingToken))]);
    }

    private async Task TickAsync(CancellationToken ct)
    {
        using var timer = new PeriodicTimer(Every, clock);
        while (await timer.WaitForNextTickAsync(ct))
            logs.Tick();
    }

    private async Task GatherAsync(LogSource source, CancellationToken ct)
    {
        var file = Path.Combine(data.Logs, source.Name + ".cursor");
        var cursor = Load(file);
        var isLost = false;
        while (!ct.IsCancellationRequested)
        {
            try
            {
                cursor = await PullAsync(source, file, cursor, () => isLost = false, ct);
            }
            catch (Exception e) when (!ct.IsCancellationRequested)
            {
                if (!isLost)
                    LogLost(source.Name, e.Message);
                isLost = true;
                cursor = Math.Max(cursor, Load(file));
            }
            await Task.Delay(Every, clock, ct);
        }
    }

    private async Task<long> PullAsync(LogSource source, string file, long cursor, Action came, CancellationToken ct)
    {
        var (saved, savedAt) = (cursor, clock.GetTimestamp());
        try
        {
            await foreach (var line in source.Read(cursor, ct))
            {
                logs.Append(line);
                came();
                cursor = line.Cursor ?? cursor;
                if (cursor > saved && clock.GetElapsedTime(savedAt) > Every)
                {
                    Save(file, cursor);
                    (saved, savedAt) = (cursor, clock.GetTimestamp());
                }
            }
            return cursor;
        }
        finally
        {
            if (cursor > saved)
                Save(file, cursor);
        }
    }

    /// <summary>An old cursor only means that lines are offered again which the apps' logs know they have.</summary>
    private static long Load(string file) =>
        File.Exists(file) && long.TryParse(File.ReadAllText(file), CultureInfo.InvariantCulture, out var cursor) ? cursor : 0;

    private static void Save(string file, long cursor)
    {
        File.WriteAllText(file + ".tmp", cursor.ToString(CultureInfo.InvariantCulture));
        File.Move(file + ".tmp", file, overwrite: true);
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Lost the lines of {Source} ({Why}); asking again every second")]
    private partial void LogLost(string source, string why);
}
