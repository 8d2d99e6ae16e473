using Sluice.Apps;
using Sluice.Logs;
using Sluice.Tests.Accounts;
using Sluice.Tests.Storage;

namespace Sluice.Tests.Logs;

/// <summary>How much of an app's log stays on disk, and what is said of the rest.</summary>
public sealed class AppLogBoundTests : IDisposable
{
    private const int Megabyte = 1024 * 1024;
    private static readonly CancellationToken None = CancellationToken.None;
    private static readonly LogLimits Small = new() { MostBytes = 5 * 4096, RingLines = 50 };
    private readonly TempFolder folder = new();
    private readonly AppId app = AppId.New();
    private AppLogs logs;

    public AppLogBoundTests() => logs = Open(new LogLimits());

    [Fact]
    public async Task What_the_bound_dropped_is_counted_by_a_reading_that_reaches_back_to_it_and_by_no_other()
    {
        Reopen(Small);
        for (var i = 1; i <= 2000; i++)
            logs.Append(Printed($"line {i}"));
        for (var time = 0; time < 2; time++)
        {
            var kept = (await logs.RecentAsync(app, 2000, LogFilter.All, None)).Length;
            var past = await logs.PastAsync(app, kept + 1, LogFilter.All, None);
            Assert.Equal($"{2000 - kept} earlier lines are not kept: this app's log may have 0.02 MB.", past.Missing!.Text);
            Assert.Equal(("heroku", "logplex", 2000L - kept), (past.Missing.Source, past.Missing.Dyno, past.Missing.Seq));
            Assert.Equal(past.Missing, past.Said[0]);
            Assert.Equal(past.Missing.Text, (await logs.PastAsync(app, 10, new LogFilter(null, "web.2"), None)).Said.Single().Text);
            foreach (var lines in (int[])[0, 10, kept])
                Assert.Null((await logs.PastAsync(app, lines, LogFilter.All, None)).Missing);
            Reopen(Small);
        }
        var whoComesBack = await FirstAsync(5);
        Assert.Equal($"Error L11 (tail buffer overflow): {whoComesBack.Seq - 5} messages dropped for this reader.", whoComesBack.Text);
        Assert.StartsWith("line ", (await FirstAsync(0)).Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task How_much_an_app_keeps_can_be_changed_while_it_logs_and_holds_at_once()
    {
        logs.Append(Printed("first"));
        logs.Bound(app, 1);
        Flood(app);
        Assert.InRange(Disk(app), Megabyte * 7 / 10, Megabyte);
        logs.Bound(app, 3);
        Flood(app);
        Assert.InRange(Disk(app), Megabyte * 2, Megabyte * 3);
        logs.Bound(app, 1);
        Assert.InRange(Disk(app), 1, Megabyte);
        Assert.EndsWith("this app's log may have 1 MB.", (await logs.PastAsync(app, 1500, LogFilter.All, None)).Missing!.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_administrators_set_holds_from_the_start_before_any_line_comes()
    {
        await using var world = await World.OpenAsync("sqlite");
        var shop = await world.Apps.CreateAsync("shop", null, world.Admin, (_, _) => { }, None);
        var quotas = new QuotaTable(world.Db);
        await quotas.SetAsync(shop, new Dictionary<string, long?> { ["log-mb"] = 7 }, world.Admin, None);
        for (var start = 0; start < 2; start++)
        {
            Reopen(new LogLimits());
            await new LogBounds(quotas, logs).StartingAsync(None);
            Flood(shop.Id);
            Flood(shop.Id);
        }
        Assert.InRange(Disk(shop.Id), 6 * Megabyte, 7 * Megabyte);
    }

    public void Dispose()
    {
        logs.Dispose();
        folder.Dispose();
    }

    private long Disk(AppId of) => Directory.GetFiles(Path.Combine(new DataFolder(folder.Path).Logs, "apps", of.ToString())).Sum(f => new FileInfo(f).Length);

    /// <summary>Almost four megabytes.</summary>
    private void Flood(AppId of)
    {
        for (var i = 0; i < 400; i++)
            logs.Append(new SourceLine(of, "app", "web.1", DateTimeOffset.UtcNow, new string('x', 9_900)));
    }

    private SourceLine Printed(string text) => new(app, "app", "web.1", DateTimeOffset.UtcNow, text);

    private async Task<LogLine> FirstAsync(long after)
    {
        await using var tail = logs.TailAsync(app, after, LogFilter.All, None).GetAsyncEnumerator(None);
        Assert.True(await tail.MoveNextAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(20), None));
        return tail.Current;
    }

    private void Reopen(LogLimits limits)
    {
        logs.Dispose();
        logs = Open(limits);
    }

    private AppLogs Open(LogLimits limits) => new(new DataFolder(folder.Path), TimeProvider.System, limits);
}
