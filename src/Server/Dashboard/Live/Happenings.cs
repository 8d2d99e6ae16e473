using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Threading.Channels;
using Sluice.Dynos;
using Sluice.Git;
using Sluice.Jobs;
using Sluice.Storage;

namespace Sluice.Dashboard.Live;

/// <summary>What one page shows, so that it hears of nothing else: ids of apps and pipelines, and files that grow while it looks.</summary>
internal sealed record Interests(ImmutableHashSet<string> Ids, ImmutableArray<AppId> Apps, ImmutableArray<string> Files)
{
    public static readonly Interests None = new([], [], []);
}

/// <summary>
/// The one place that looks for what happened, for all pages that are open, and only while there are any: 1. new rows of the event trail, wherever they
/// were written; 2. dynos that changed, and pushes that wait; 3. output that grew. Who cares is woken, and looks at the records anew.
/// </summary>
internal sealed partial class Happenings(Db db, DynoFleet fleet, PushQueue pushes, TimeProvider clock, ILogger<Happenings> logger) : BackgroundService
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(200), RestFor = TimeSpan.FromMinutes(1);

    /// <summary>Two servers may commit rows in another order than their numbers: so far back a row may still turn up.</summary>
    private const int LookBack = 100;

    private readonly ConcurrentDictionary<Watcher, byte> watchers = [];
    private readonly Wakeup begun = new();
    private readonly Dictionary<string, string> prints = new(StringComparer.Ordinal);
    private HashSet<long> seen = [];
    private long last;

    /// <summary>Watches until it is disposed.</summary>
    public Watcher Watch()
    {
        var watcher = new Watcher(this);
        watchers[watcher] = 0;
        begun.Nudge();
        return watcher;
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            if (watchers.IsEmpty)
            {
                (last, seen) = (0, []);
                prints.Clear();
                await begun.WaitAsync(RestFor, clock, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                continue;
            }

            try
            {
                await LookAsync(stoppingToken);
            }
            catch (Exception trouble) when (!stoppingToken.IsCancellationRequested)
            {
                LogTrouble(trouble);
            }

            await Task.Delay(LookEvery, clock, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task LookAsync(CancellationToken ct)
    {
        var touched = await TouchedAsync(ct);
        foreach (var watcher in watchers.Keys)
        {
            var interests = watcher.Interests;
            // Each is asked, so that each print is noted.
            var moved = interests.Apps.Count(app => HasChanged(app.ToString(), PrintOf(app))) + interests.Files.Count(file => HasChanged(file, LengthOf(file)));
            if (moved > 0 || touched.Overlaps(interests.Ids))
                watcher.Wake();
        }

        // What one watcher saw move, all who show it must hear of.
        foreach (var watcher in watchers.Keys.Where(w => moving.Overlaps(w.Interests.Ids) || moving.Overlaps(w.Interests.Files)))
            watcher.Wake();
        moving.Clear();
    }

    private readonly HashSet<string> moving = new(StringComparer.Ordinal);

    private async Task<HashSet<string>> TouchedAsync(CancellationToken ct)
    {
        if (last == 0)
            last = await db.FindAsync($"SELECT COALESCE(MAX(id), 0) AS last FROM events", row => row.Long("last"), ct);
        var from = last - LookBack;
        var rows = await db.ListAsync(
            $"SELECT id, subject, app_id FROM events WHERE id > {from} ORDER BY id", row => (Id: row.Long("id"), Subject: row.Text("subject"), App: row.TextOrNull("app_id")), ct);
        var isFirst = seen.Count == 0;
        var fresh = rows.Where(row => !seen.Contains(row.Id)).ToArray();
        seen = [.. rows.Select(row => row.Id)];
        last = Math.Max(last, rows.Select(row => row.Id).DefaultIfEmpty(last).Max());
        // At the first look all is new to us and nothing to the pages, which were made a moment ago; they look again themselves.
        return isFirst ? [] : [.. fresh.SelectMany(row => new[] { row.Subject, row.App ?? row.Subject })];
    }

    private bool HasChanged(string what, string print)
    {
        var isKnown = prints.TryGetValue(what, out var before);
        prints[what] = print;
        if (!isKnown || before == print)
            return false;
        moving.Add(what);
        return true;
    }

    private string PrintOf(AppId app) => string.Join(';', fleet.Of(app).Select(d => $"{d.Id} {d.State} {d.Reason} {d.ExitCode}").Concat(pushes.Of(app).Select(p => $"{p.Id}")));

    private static string LengthOf(string file) => new FileInfo(file) is { Exists: true } there ? $"{there.Length}" : "";

    [LoggerMessage(Level = LogLevel.Warning, Message = "Open pages could not be told what happened; trying again")]
    private partial void LogTrouble(Exception trouble);

    /// <summary>One open page.</summary>
    internal sealed class Watcher(Happenings happenings) : IDisposable
    {
        private readonly Channel<bool> woken = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

        public Interests Interests { get; set; } = Interests.None;

        public void Wake() => woken.Writer.TryWrite(true);

        /// <summary>True when something happened that the page shows; false after <paramref name="atMost"/> without.</summary>
        public async Task<bool> NextAsync(TimeSpan atMost, TimeProvider clock, CancellationToken ct)
        {
            using var enough = new CancellationTokenSource(atMost, clock);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(enough.Token, ct);
            try
            {
                // Cancelled, not left behind: a read that nobody waits for would take the next wake with it.
                return await woken.Reader.ReadAsync(either.Token);
            }
            catch (OperationCanceledException) when (!ct.IsCancellationRequested)
            {
                return false;
            }
        }

        public void Dispose() => happenings.watchers.TryRemove(this, out _);
    }
}
