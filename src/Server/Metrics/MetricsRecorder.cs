using System.Collections.Immutable;
using Sluice.Apps;
using Sluice.Jobs;
using Sluice.Router;
using Sluice.Runtime;

namespace Sluice.Metrics;

/// <summary>
/// Asks the routers what they counted and the agent what dynos use, every ten seconds, and writes a point per app and minute. What nobody could be asked for is
/// missing from the point and holds up nothing.
/// </summary>
public sealed partial class MetricsRecorder(RouterClient routers, IRuntime runtime, AppCatalog apps, MetricHistory history, TimeProvider clock, ILogger<MetricsRecorder> logger)
    : BackgroundService
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(10), TidyEvery = TimeSpan.FromHours(1);

    private readonly Dictionary<(Guid Router, AppId App), AppRequests> counted = [];
    private readonly Dictionary<DynoId, TimeSpan> used = [];
    private Dictionary<AppId, Minute> minute = [];
    private ImmutableDictionary<AppId, AppRequests> totals = ImmutableDictionary<AppId, AppRequests>.Empty;
    private ImmutableArray<DynoUsage> usage = [];
    private bool isFirstLook = true;

    /// <summary>Requests per app since this server began. Safe to read at any time.</summary>
    internal IReadOnlyDictionary<AppId, AppRequests> Totals => Volatile.Read(ref totals);

    /// <summary>As it was at the last look.</summary>
    internal ImmutableArray<DynoUsage> Usage => usage;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await Calm.AfterStartAsync(clock, stoppingToken);
        var (began, tidied) = (Minute.Of(clock.GetUtcNow()), clock.Monotonic - TidyEvery);
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await LookAsync(stoppingToken);
                if (Minute.Of(clock.GetUtcNow()) is var now && now != began)
                {
                    Write(began);
                    began = now;
                }
                if (clock.Monotonic - tidied >= TidyEvery)
                {
                    history.KeepOnly((await apps.AllAsync(stoppingToken)).Select(a => a.Id).ToHashSet());
                    tidied = clock.Monotonic;
                }
            }
            catch (Exception trouble) when (!stoppingToken.IsCancellationRequested)
            {
                LogTrouble(trouble);
            }
            await Task.Delay(LookEvery, clock, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    internal async Task LookAsync(CancellationToken ct)
    {
        CountRequests(await routers.CountsAsync(ct));
        Measure(await runtime.UsageAsync(ct));
        isFirstLook = false;
    }

    /// <summary>What was gathered becomes the point of the minute that began then.</summary>
    internal void Write(DateTimeOffset began)
    {
        foreach (var (app, gathered) in minute)
            history.Add(app, MetricPoint.Of(began, gathered.Requests, gathered.MostMemory, gathered.Cpu, TimeSpan.FromMinutes(1)));
        minute = [];
    }

    private void CountRequests(ImmutableArray<RouterCounts> routersNow)
    {
        foreach (var (router, app) in routersNow.SelectMany(r => r.Apps.Select(app => (r.Router, app))))
        {
            var before = counted.GetValueOrDefault((router, app.App));
            counted[(router, app.App)] = app;
            // What a router counted before this server began stands in the points of the one before.
            if (isFirstLook || app.Since(before) is not { } fresh || fresh.Statuses.Sum() == 0)
                continue;
            var now = GatheredBy(app.App);
            now.Requests = now.Requests?.Plus(fresh) ?? fresh;
            totals = totals.SetItem(app.App, totals.TryGetValue(app.App, out var total) ? total.Plus(fresh) : fresh);
        }
        foreach (var gone in counted.Keys.Where(k => !routersNow.Any(r => r.Router == k.Router)).ToArray())
            counted.Remove(gone);
    }

    private void Measure(ImmutableArray<DynoUsage> dynos)
    {
        usage = dynos;
        foreach (var app in dynos.GroupBy(d => d.App))
        {
            var now = GatheredBy(app.Key);
            now.MostMemory = Math.Max(now.MostMemory ?? 0, app.Sum(d => d.MemoryBytes));
            // A dyno that is new to us spent all its time since the last look, unless it is this server that is new.
            now.Cpu = (now.Cpu ?? TimeSpan.Zero) + app.Aggregate(
                TimeSpan.Zero, (sum, d) => sum + (used.TryGetValue(d.Dyno, out var before) ? d.CpuTime - before : isFirstLook ? TimeSpan.Zero : d.CpuTime));
        }
        used.Clear();
        foreach (var dyno in dynos)
            used[dyno.Dyno] = dyno.CpuTime;
    }

    private Minute GatheredBy(AppId app)
    {
        if (!minute.TryGetValue(app, out var found))
            minute[app] = found = new Minute();
        return found;
    }

    /// <summary>What came together of one app since the last point.</summary>
    private sealed class Minute
    {
        public AppRequests? Requests { get; set; }
        public long? MostMemory { get; set; }
        public TimeSpan? Cpu { get; set; }

        public static DateTimeOffset Of(DateTimeOffset time) => new(time.UtcTicks - (time.UtcTicks % TimeSpan.TicksPerMinute), TimeSpan.Zero);
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Measurements could not be taken; the next look is in ten seconds")]
    private partial void LogTrouble(Exception trouble);
}
