using System.Collections.Concurrent;
using System.Collections.Immutable;

namespace Sluice.Logs;

/// <summary>
/// The logs of all apps, in <c>DIR/logs/apps/APPID/</c>: what the app printed, what the router and the platform say of it, and what was done to it, in
/// one order. Bounded per app (<see cref="DefaultMb"/> on disk, unless <see cref="Bound"/> said otherwise); appending never waits for a reader.
/// </summary>
public sealed class AppLogs : IDisposable
{
    public const int DefaultMb = 5;

    private readonly ConcurrentDictionary<AppId, AppLog> logs = [];
    private readonly DataFolder data;
    private readonly TimeProvider clock;
    private readonly LogLimits limits;

    public AppLogs(DataFolder data, TimeProvider clock)
        : this(data, clock, new LogLimits())
    {
    }

    internal AppLogs(DataFolder data, TimeProvider clock, LogLimits limits) => (this.data, this.clock, this.limits) = (data, clock, limits);

    /// <summary>What the platform says of one dyno: <c>heroku[web.1]: State changed from starting to up</c>.</summary>
    public void Say(AppId app, string dyno, string text) => Append(new SourceLine(app, "heroku", dyno, clock.GetUtcNow(), text));

    /// <summary>What was done to the app: <c>app[api]: Deploy 0f0a53b by user ada@example.com</c>.</summary>
    public void Note(AppId app, string text) => Append(new SourceLine(app, "app", "api", clock.GetUtcNow(), text));

    public void Append(SourceLine line) => Of(line.App).Append(line);

    /// <summary>The last lines that the filter lets through, oldest first, as far as they are kept.</summary>
    public async Task<ImmutableArray<LogLine>> RecentAsync(AppId app, int lines, LogFilter filter, CancellationToken ct) =>
        (await PastAsync(app, lines, filter, ct)).Lines;

    /// <summary>The same, with what was dropped before them because the log is bounded.</summary>
    public Task<LogPast> PastAsync(AppId app, int lines, LogFilter filter, CancellationToken ct) => Of(app).PastAsync(lines, filter, ct);

    /// <summary>How much of its log an app keeps on disk from now on. Said by those who know the app's quota: at the start, and when it changes.</summary>
    public void Bound(AppId app, long megabytes) => Of(app).Bound(megabytes * 1024 * 1024);

    /// <summary>Lines after number <paramref name="after"/> (0: all that is kept; <see cref="LastOf"/>: only what comes), then as they come. Ends when the app is gone.
    /// A reader that is too slow misses lines and is told how many.</summary>
    public IAsyncEnumerable<LogLine> TailAsync(AppId app, long after, LogFilter filter, CancellationToken ct) => Of(app).TailAsync(after, filter, ct);

    /// <summary>Number of the newest line; 0 when there is none.</summary>
    public long LastOf(AppId app) => Of(app).Last;

    /// <summary>The app was destroyed: removes its log. Lines that still come for it are left out.</summary>
    public void Forget(AppId app) => Of(app).Remove();

    public void Dispose()
    {
        foreach (var log in logs.Values)
            log.Close();
    }

    internal void Tick()
    {
        foreach (var log in logs.Values)
            log.Tick();
    }

    private AppLog Of(AppId app) => logs.GetOrAdd(app, id => new AppLog(Path.Combine(data.Logs, "apps", id.ToString()), limits, clock));
}

/// <summary>Lines of an app's log, oldest first.</summary>
/// <param name="Missing">A line of the platform's that counts what was dropped before them; null when nothing was, or there is more before them. No log has it.</param>
public sealed record LogPast(ImmutableArray<LogLine> Lines, LogLine? Missing)
{
    /// <summary>As a reader gets them.</summary>
    public ImmutableArray<LogLine> Said => Missing is null ? Lines : Lines.Insert(0, Missing);
}

/// <summary>Bounds of one app's log.</summary>
internal sealed record LogLimits
{
    /// <summary>On disk.</summary>
    public long MostBytes { get; init; } = AppLogs.DefaultMb * 1024L * 1024;

    /// <summary>Lines in memory, as Heroku keeps 1,500; fewer when they are long.</summary>
    public int RingLines { get; init; } = 1500;

    public int RingChars { get; init; } = 1024 * 1024;

    /// <summary>What an app may log for long; above it lines are dropped, once the burst is used up.</summary>
    public int LinesPerSecond { get; init; } = 5_000;

    public int BurstLines { get; init; } = 20_000;

    /// <summary>After this time without a line the file is closed until the next.</summary>
    public TimeSpan RestAfter { get; init; } = TimeSpan.FromMinutes(1);
}
