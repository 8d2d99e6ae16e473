using Microsoft.Extensions.Logging.Abstractions;
using Sluice.Logs;
using Sluice.Tests.Storage;

namespace Sluice.Tests.Logs;

public sealed class AppLogsTests : IDisposable
{
    private static readonly CancellationToken None = CancellationToken.None;
    private static readonly LogLimits Small = new() { MostBytes = 5 * 4096, RingLines = 50 };
    private readonly TempFolder folder = new();
    private readonly HandClock clock = new();
    private readonly AppId app = AppId.New();
    private readonly DataFolder data;
    private AppLogs logs;

    public AppLogsTests()
    {
        data = new DataFolder(folder.Path);
        logs = new AppLogs(data, clock);
    }

    [Fact]
    public async Task Lines_have_Herokus_form_and_the_order_they_came_in()
    {
        logs.Note(app, "Deploy 0f0a53b by user ada@example.com");
        logs.Say(app, "web.1", "State changed from starting to up");
        logs.Append(Printed("hello"));
        logs.Append(new SourceLine(app, "heroku", "router", clock.Now, "at=info method=GET path=\"/\""));
        Assert.Equal(
            [
                "2026-01-02T03:04:05.678901+00:00 app[api]: Deploy 0f0a53b by user ada@example.com",
                "2026-01-02T03:04:05.678901+00:00 heroku[web.1]: State changed from starting to up",
                "2026-01-02T03:04:05.678901+00:00 app[web.1]: hello",
                "2026-01-02T03:04:05.678901+00:00 heroku[router]: at=info method=GET path=\"/\"",
            ],
            (await RecentAsync()).Select(l => l.ToString()));
    }

    [Theory]
    [InlineData("x\n2026-01-02T03:04:05.678901+00:00 heroku[router]: forged", "x 2026-01-02T03:04:05.678901+00:00 heroku[router]: forged")]
    [InlineData("a\r\nb\r", "a  b")]
    [InlineData("a\tb", "a\tb")]
    [InlineData("\u001b[1;32mgreen\u001b[0m \u001b]0;title\u0007", "green ]0;title")]
    [InlineData("\u0000\u0008\u007f\u009b2Jx\u0085y\u2028z", "2Jxy z")]
    [InlineData("\u001b[31", "")]
    [InlineData("ä → 😀", "ä → 😀")]
    public async Task What_an_app_prints_is_one_line_without_controls(string printed, string shown)
    {
        logs.Append(Printed(printed));
        Assert.Equal(shown, Assert.Single(await RecentAsync()).Text);
        Reopen();
        Assert.Equal(shown, Assert.Single(await RecentAsync()).Text);
    }

    [Theory]
    [InlineData("\u001b[1;32mgreen\u001b[0m \u001b]0;title\u0007", "\u001b[1;32mgreen\u001b[0m ]0;title")]
    [InlineData("\u001b[31mred\u001b[2J\u001b[9;9Hgone\u001b[?25l\u001b[31\u202e", "\u001b[31mredgone\u202e")]
    [InlineData("\u001b[11111111111111111111111mlong\u001b[m", "long\u001b[m")]
    [InlineData("\u001b[2Jplain", null)]
    [InlineData("plain", null)]
    public async Task Of_its_colours_those_are_kept_beside_the_text_and_no_other_control(string printed, string? coloured)
    {
        logs.Append(Printed(printed));
        Assert.Equal(coloured, Assert.Single(await RecentAsync()).Coloured);
        Reopen();
        var line = Assert.Single(await RecentAsync());
        Assert.Equal(coloured, line.Coloured);
        Assert.DoesNotContain('\u001b', line.Text + line);
    }

    [Fact]
    public async Task A_line_is_cut_at_ten_thousand_bytes_between_characters()
    {
        logs.Append(Printed(new string('x', 10_000)));
        logs.Append(Printed(string.Concat(Enumerable.Repeat("😀", 4_000))));
        var lines = await RecentAsync();
        Assert.Equal(new string('x', 10_000), lines[0].Text);
        Assert.Equal(string.Concat(Enumerable.Repeat("😀", 2_498)) + " [cut]", lines[1].Text);
    }

    [Fact]
    public async Task A_log_goes_on_after_a_restart_and_a_half_written_line_is_left_out()
    {
        logs.Append(Printed("one"));
        logs.Append(Printed("two"));
        logs.Dispose();
        var file = Assert.Single(Directory.GetFiles(Folder));
        await File.AppendAllTextAsync(file, "3 - 2026-01-02T03:04:05.678901+00:00 app[web.1]: hal");
        Reopen();
        Assert.Equal(2, logs.LastOf(app));
        logs.Append(Printed("three"));
        Assert.Equal(["one", "two", "three"], (await RecentAsync()).Select(l => l.Text));
        Assert.Equal([1, 2, 3], (await RecentAsync()).Select(l => l.Seq));
    }

    [Fact]
    public async Task The_disk_holds_the_newest_lines_within_its_bound_and_numbers_go_on()
    {
        Reopen(Small);
        for (var i = 1; i <= 2000; i++)
            logs.Append(Printed($"line {i}"));
        Assert.InRange(Directory.GetFiles(Folder).Sum(f => new FileInfo(f).Length), 4 * 4096, 6 * 4096);
        var kept = await RecentAsync(1500);
        Assert.True(kept.Length is > 200 and < 1500);
        Assert.Equal(Enumerable.Range(2000 - kept.Length + 1, kept.Length).Select(i => $"line {i}"), kept.Select(l => l.Text));
        Assert.Equal(["line 1999", "line 2000"], (await RecentAsync(2)).Select(l => l.Text));

        Reopen(Small);
        logs.Append(Printed("more"));
        Assert.Equal(2001, logs.LastOf(app));
        Assert.Equal(["line 2000", "more"], (await RecentAsync(2)).Select(l => l.Text));
    }

    [Fact]
    public async Task Lines_are_picked_by_source_by_dyno_and_by_process_type()
    {
        foreach (var dyno in new[] { "web.1", "web.2", "worker.1", "webhook.1" })
        {
            logs.Append(new SourceLine(app, "app", dyno, clock.Now, dyno));
            logs.Say(app, dyno, "up");
        }
        Assert.Equal(["web.1", "web.2"], (await logs.RecentAsync(app, 10, new LogFilter("app", "web"), None)).Select(l => l.Text));
        Assert.Equal(["web.2", "up"], (await logs.RecentAsync(app, 10, new LogFilter(null, "web.2"), None)).Select(l => l.Text));
        Assert.Equal(4, (await logs.RecentAsync(app, 10, new LogFilter("heroku"), None)).Length);
    }

    [Fact]
    public async Task A_tail_that_comes_back_misses_nothing_and_repeats_nothing()
    {
        Reopen(Small);
        for (var i = 1; i <= 120; i++)
            logs.Append(Printed($"{i}"));
        var first = await TakeAsync(logs.TailAsync(app, 0, LogFilter.All, None), 110);
        Reopen(Small);
        var rest = logs.TailAsync(app, first[^1].Seq, LogFilter.All, None);
        for (var i = 121; i <= 130; i++)
            logs.Append(Printed($"{i}"));
        Assert.Equal(Enumerable.Range(1, 130).Select(i => $"{i}"), first.Concat(await TakeAsync(rest, 20)).Select(l => l.Text));
    }

    [Fact]
    public async Task A_tail_gets_lines_as_they_come()
    {
        await using var tail = logs.TailAsync(app, logs.LastOf(app), LogFilter.All, None).GetAsyncEnumerator();
        for (var i = 0; i < 3; i++)
        {
            var next = tail.MoveNextAsync().AsTask();
            Assert.False(next.IsCompleted);
            logs.Append(Printed($"{i}"));
            Assert.True(await next.WaitAsync(TimeSpan.FromSeconds(10)));
            Assert.Equal($"{i}", tail.Current.Text);
        }
    }

    [Fact]
    public async Task A_slow_reader_holds_nobody_up_and_learns_how_much_it_missed()
    {
        Reopen(Small);
        await using var slow = logs.TailAsync(app, 0, LogFilter.All, None).GetAsyncEnumerator();
        logs.Append(Printed("first"));
        Assert.True(await slow.MoveNextAsync());
        for (var i = 2; i <= 1000; i++)
            logs.Append(Printed($"{i}"));
        Assert.True(await slow.MoveNextAsync());
        Assert.Matches("^Error L11 \\(tail buffer overflow\\): [0-9]+ messages dropped for this reader\\.$", slow.Current.Text);
        var missed = int.Parse(slow.Current.Text.Split(' ')[5]);
        Assert.InRange(missed, 500, 948);   // the disk had more than the 50 lines in memory
        Assert.Equal(1 + missed, slow.Current.Seq);
        for (var i = missed + 2; i <= 1000; i++)
        {
            Assert.True(await slow.MoveNextAsync());
            Assert.Equal($"{i}", slow.Current.Text);
        }
    }

    [Fact]
    public async Task An_app_that_floods_is_slowed_and_the_number_of_dropped_lines_is_said()
    {
        Reopen(new LogLimits { BurstLines = 100, LinesPerSecond = 10 });
        for (var i = 0; i < 1000; i++)
            logs.Append(Printed($"{i}"));
        Assert.Equal(100, logs.LastOf(app));
        clock.Advance(TimeSpan.FromSeconds(1));
        logs.Tick();
        Assert.Equal("Error L10 (output buffer overflow): 900 messages dropped since 2026-01-02T03:04:05+00:00.", (await RecentAsync())[^1].Text);
        logs.Append(Printed("calm"));
        Assert.Equal("calm", (await RecentAsync())[^1].Text);
    }

    [Fact]
    public async Task A_quiet_log_closes_its_file_and_takes_it_up_again()
    {
        logs.Append(Printed("one"));
        clock.Advance(TimeSpan.FromMinutes(2));
        logs.Tick();
        logs.Append(Printed("two"));
        Reopen();
        Assert.Equal(["one", "two"], (await RecentAsync()).Select(l => l.Text));
        Assert.Single(Directory.GetFiles(Folder));
    }

    [Fact]
    public async Task A_destroyed_app_takes_its_log_along_and_ends_its_readers()
    {
        logs.Append(Printed("one"));
        await using var tail = logs.TailAsync(app, 0, LogFilter.All, None).GetAsyncEnumerator();
        Assert.True(await tail.MoveNextAsync());
        var end = tail.MoveNextAsync().AsTask();
        logs.Forget(app);
        Assert.False(await end.WaitAsync(TimeSpan.FromSeconds(10)));
        logs.Append(Printed("late"));
        Assert.False(Directory.Exists(Folder));
        Assert.Empty(await RecentAsync());
    }

    [Fact]
    public async Task Gathered_lines_are_kept_once_whatever_restarts()
    {
        SourceLine[] lines = [.. Enumerable.Range(1, 30).Select(i => Printed($"{i}") with { Cursor = i })];
        var asked = new List<long>();
        var source = new LogSource("dynos", (after, _) =>
        {
            asked.Add(after);
            return lines.Where(l => l.Cursor > after).Take(10).ToAsyncEnumerable();
        });
        await GatherAsync(source, until: 10);
        Assert.Equal(0, asked[0]);
        File.Delete(Path.Combine(data.Logs, "dynos.cursor"));   // as if it died before it was saved
        Reopen();
        asked.Clear();
        await GatherAsync(source, until: 30);
        Assert.Equal(0, asked[0]);
        Assert.Equal(Enumerable.Range(1, 30).Select(i => $"{i}"), (await RecentAsync()).Select(l => l.Text));
        Assert.Equal("30", await File.ReadAllTextAsync(Path.Combine(data.Logs, "dynos.cursor")));
    }

    [Fact]
    public async Task A_source_that_breaks_is_asked_again()
    {
        var times = 0;
        var source = new LogSource("router", (_, _) => ++times < 3
            ? throw new IOException("The router went away.")
            : new[] { Printed("back") }.ToAsyncEnumerable());
        await GatherAsync(source, until: 1);
        Assert.Equal("back", (await RecentAsync())[0].Text);
    }

    public void Dispose()
    {
        logs.Dispose();
        folder.Dispose();
    }

    private string Folder => Path.Combine(data.Logs, "apps", app.ToString());

    private SourceLine Printed(string text) => new(app, "app", "web.1", clock.Now, text);

    private Task<System.Collections.Immutable.ImmutableArray<LogLine>> RecentAsync(int lines = 100) => logs.RecentAsync(app, lines, LogFilter.All, None);

    private void Reopen(LogLimits? limits = null)
    {
        logs.Dispose();
        logs = new AppLogs(data, clock, limits ?? new LogLimits());
    }

    private async Task GatherAsync(LogSource source, long until)
    {
        using var gatherer = new LogGatherer(logs, [source], data, clock, NullLogger<LogGatherer>.Instance);
        await gatherer.StartAsync(None);
        for (var i = 0; i < 500 && logs.LastOf(app) < until; i++)
        {
            clock.Advance(TimeSpan.FromSeconds(1));
            await Task.Delay(10);
        }
        await gatherer.StopAsync(None);
        Assert.True(logs.LastOf(app) >= until);
    }

    private static async Task<List<LogLine>> TakeAsync(IAsyncEnumerable<LogLine> lines, int count)
    {
        using var enough = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        var taken = new List<LogLine>();
        await foreach (var line in lines.WithCancellation(enough.Token))
        {
            taken.Add(line);
            if (taken.Count == count)
                break;
        }
        return taken;
    }

    /// <summary>Stands still until told; its timers fire when it is moved past them.</summary>
    private sealed class HandClock : TimeProvider
    {
        private readonly List<HandTimer> timers = [];
        private readonly Lock gate = new();

        public DateTimeOffset Now { get; private set; } = new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero).AddMicroseconds(678_901);

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override DateTimeOffset GetUtcNow() => Now;

        public override long GetTimestamp() => Now.Ticks;

        public void Advance(TimeSpan by)
        {
            HandTimer[] due;
            lock (gate)
            {
                Now += by;
                due = [.. timers.Where(t => t.Due <= Now)];
            }
            foreach (var timer in due)
                timer.Fire(Now);
        }

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            lock (gate)
            {
                var timer = new HandTimer(this, callback, state);
                timer.Change(dueTime, period);
                timers.Add(timer);
                return timer;
            }
        }

        private sealed class HandTimer(HandClock clock, TimerCallback callback, object? state) : ITimer
        {
            private TimeSpan period;

            public DateTimeOffset Due { get; private set; } = DateTimeOffset.MaxValue;

            public void Fire(DateTimeOffset now)
            {
                Due = period > TimeSpan.Zero ? now + period : DateTimeOffset.MaxValue;
                callback(state);
            }

            public bool Change(TimeSpan dueTime, TimeSpan period)
            {
                this.period = period;
                Due = dueTime < TimeSpan.Zero ? DateTimeOffset.MaxValue : clock.Now + dueTime;
                return true;
            }

            public void Dispose()
            {
                lock (clock.gate)
                    clock.timers.Remove(this);
            }

            public ValueTask DisposeAsync()
            {
                Dispose();
                return ValueTask.CompletedTask;
            }
        }
    }
}
