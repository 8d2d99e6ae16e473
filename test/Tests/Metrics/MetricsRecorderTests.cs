using System.Collections.Immutable;
using Microsoft.Extensions.Logging.Abstractions;
using Sluice.Apps;
using Sluice.Metrics;
using Sluice.Router;
using Sluice.Runtime;
using Sluice.Tests.Dynos;
using Sluice.Tests.Releases;
using Sluice.Tests.Router;
using Sluice.Tests.Storage;

namespace Sluice.Tests.Metrics;

/// <summary>Real requests through a real router become points; what dynos use is scripted.</summary>
public sealed class MetricsRecorderTests : IDisposable
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;
    private readonly TempFolder folder = new();

    [Fact]
    public async Task Requests_and_use_of_a_minute_become_a_point_that_outlives_the_server()
    {
        await using var outside = await Outside.MakeAsync();
        await using var router = await RouterUnderTest.StartAsync();
        await using var app = await Backend.SayingAsync("here");
        var target = app.Target();
        var id = await router.RouteAsync(target);
        var runtime = new ScriptedRuntime();
        using var recorder = Recorder(router.Client, runtime, outside);
        using var http = router.Http();
        await http.GetStringAsync("http://shop.localhost/", Ct);
        await recorder.LookAsync(Ct);   // what was before the server began is not its own
        runtime.Usage[target.Dyno] = new DynoUsage(target.Dyno, id, 40 << 20, TimeSpan.FromSeconds(2));
        await recorder.LookAsync(Ct);
        for (var i = 0; i < 5; i++)
            await http.GetStringAsync("http://shop.localhost/", Ct);
        runtime.Usage[target.Dyno] = new DynoUsage(target.Dyno, id, 30 << 20, TimeSpan.FromSeconds(8));
        await recorder.LookAsync(Ct);
        var began = DateTimeOffset.UtcNow.AddMinutes(-1);
        recorder.Write(began);

        var point = Assert.Single(new MetricHistory(new DataFolder(folder.Path), TimeProvider.System).Of(id, TimeSpan.FromHours(1)));
        Assert.Equal((5, 0, 0), (point.Requests, point.ClientErrors, point.ServerErrors));
        Assert.InRange(point.P99!.Value, point.P50!.Value, 30_000);
        Assert.Equal((40L << 20, 13.3), (point.MemoryBytes, point.CpuPercent));   // 8 s of CPU in 60 s: the dyno was new, so all it spent is of this minute
    }

    [Fact]
    public void A_day_is_kept_and_no_more_and_a_torn_line_is_left_out()
    {
        var (data, app) = (new DataFolder(folder.Path), AppId.New());
        var history = new MetricHistory(data, TimeProvider.System);
        var now = DateTimeOffset.UtcNow;
        for (var minute = 3000; minute > 0; minute--)
            history.Add(app, MetricPoint.Of(now.AddMinutes(-minute), null, minute, null, TimeSpan.FromMinutes(1)));
        File.AppendAllText(Path.Combine(data.Metrics, app + ".jsonl"), "{\"At\":\"20");
        var again = new MetricHistory(data, TimeProvider.System).Of(app, TimeSpan.FromDays(2));
        Assert.Equal(1, again[^1].MemoryBytes);
        Assert.InRange(again.Length, 1430, 2880);
        Assert.All(history.Of(app, MetricHistory.Kept), p => Assert.True(p.At > now - MetricHistory.Kept - TimeSpan.FromMinutes(1)));
        history.KeepOnly(new HashSet<AppId>());
        Assert.Empty(Directory.GetFiles(data.Metrics));
    }

    [Theory, InlineData(0), InlineData(1), InlineData(7), InlineData(9), InlineData(100), InlineData(3_333), InlineData(30_000), InlineData(100_000_000)]
    public void A_percentile_is_never_too_low_and_at_most_a_quarter_too_high(long ms)
    {
        var buckets = new long[Latency.Buckets];
        buckets[Latency.BucketOf(ms)] = 10;
        var read = Latency.Percentile([.. buckets], 0.95)!.Value;
        Assert.InRange(read, Math.Min(ms, Latency.Bounds[^1]), Math.Max(ms * 1.25, ms + 1));
        Assert.Null(Latency.Percentile([.. new long[Latency.Buckets]], 0.95));
    }

    public void Dispose() => folder.Dispose();

    private MetricsRecorder Recorder(RouterClient router, IRuntime runtime, Outside outside) => new(
        router, runtime, new AppCatalog(outside.Records.Db, outside.Vault, TimeProvider.System), new MetricHistory(new DataFolder(folder.Path), TimeProvider.System),
        TimeProvider.System, NullLogger<MetricsRecorder>.Instance);
}
