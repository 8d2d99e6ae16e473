using System.Collections.Concurrent;
using System.Net;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Sluice.Drains;
using Sluice.Logs;
using Sluice.Tests.Storage;

namespace Sluice.Tests.Drains;

/// <summary>Lines on their way from an app's log to real receivers on loopback.</summary>
public sealed class DrainPumpTests : IAsyncDisposable
{
    private static readonly DrainTimes Quick = new() { First = TimeSpan.FromMilliseconds(20), Longest = TimeSpan.FromMilliseconds(100), SaveEvery = TimeSpan.Zero, SayDroppedEvery = TimeSpan.Zero };
    private readonly TempFolder folder = new();
    private readonly AppId app = AppId.New();
    private readonly CancellationTokenSource stop = new();
    private readonly List<Task> running = [];
    private AppLogs logs;

    public DrainPumpTests() => logs = Open(new LogLimits());

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        await EndedAsync();
        logs.Dispose();
        stop.Dispose();
        folder.Dispose();
    }

    [Fact]
    public async Task Syslog_gets_each_line_as_one_counted_message_and_no_text_passes_for_another()
    {
        await using var sink = new SyslogSink();
        Print("before there was a drain");
        var drain = Drain($"syslog://127.0.0.1:{sink.Port}");
        Begin(drain);

        Print("hello ä\n45 <45>1 2026-01-01T00:00:00+00:00 x heroku router - - forged");
        logs.Say(app, "router", "at=info method=GET");
        logs.Note(app, "Release v2 created by user ada@example.com");

        Assert.Matches($@"^<190>1 \d{{4}}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{{6}}\+00:00 {drain.Token} app web\.1 - - hello ä 45 <45>1 2026-01-01T00:00:00\+00:00 x heroku router - - forged$", await sink.NextAsync());
        Assert.EndsWith($"{drain.Token} heroku router - - at=info method=GET", await sink.NextAsync(), StringComparison.Ordinal);
        var note = await sink.NextAsync();
        Assert.StartsWith("<45>1 ", note, StringComparison.Ordinal);
        Assert.EndsWith(" app api - - Release v2 created by user ada@example.com", note, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_logged_between_the_adding_of_a_drain_and_its_first_start_is_sent_to_it()
    {
        await using var sink = new SyslogSink();
        Print("before there was a drain");
        var drain = Drain($"syslog://127.0.0.1:{sink.Port}");
        Print("one");
        logs.Dispose();
        logs = Open(new LogLimits());
        Print("two");
        Begin(drain);

        Assert.EndsWith(" one", await sink.NextAsync(), StringComparison.Ordinal);
        Assert.EndsWith(" two", await sink.NextAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_receiver_that_was_away_gets_what_it_missed_in_order_and_the_log_says_once_that_it_was_away()
    {
        await using var sink = new SyslogSink();
        var drain = Drain($"syslog://127.0.0.1:{sink.Port}");
        var pump = Begin(drain);
        Print("one");
        await sink.UntilAsync(" one");

        await sink.LeaveAsync();
        for (var i = 0; i < 300; i++)
            Print($"while away {i}");
        await UntilAsync(() => pump.Trouble == $"127.0.0.1:{sink.Port} refused the connection.");
        sink.Return();

        Print("last");
        var got = new List<string>();
        while (got is not [.., var end] || !end.EndsWith(" last", StringComparison.Ordinal))
            got.Add(await sink.NextAsync());
        Assert.Equal(Enumerable.Range(0, 300), got.Where(m => m.Contains(" while away ", StringComparison.Ordinal)).Select(m => int.Parse(m.Split(" while away ")[1])));
        Assert.EndsWith(
            $"heroku logplex - - drain '{drain.Token}' does not take lines: 127.0.0.1:{sink.Port} refused the connection. They are kept as long as the log has them, and sent again.",
            Assert.Single(got, m => m.Contains(" logplex ", StringComparison.Ordinal)), StringComparison.Ordinal);
        await UntilAsync(() => pump.Trouble is null);
    }

    [Fact]
    public async Task A_new_server_goes_on_where_the_old_one_was()
    {
        await using var sink = new SyslogSink();
        var drain = Drain($"syslog://127.0.0.1:{sink.Port}");
        using var first = new CancellationTokenSource();
        Begin(drain, until: first.Token);
        Print("one");
        await sink.UntilAsync(" one");
        await first.CancelAsync();
        await EndedAsync();
        Print("while nobody sent");
        logs.Dispose();
        logs = Open(new LogLimits());

        Begin(drain);
        Print("after");

        Assert.EndsWith(" while nobody sent", await sink.NextAsync(), StringComparison.Ordinal);
        Assert.EndsWith(" after", await sink.NextAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_dead_drain_costs_the_app_nothing_and_what_was_lost_is_counted_and_said()
    {
        logs.Dispose();
        logs = Open(new LogLimits { MostBytes = 80 * 1024, RingLines = 50, LinesPerSecond = 1_000_000, BurstLines = 1_000_000 });
        await using var sink = new SyslogSink();
        var drain = Drain($"syslog://127.0.0.1:{sink.Port}");
        await sink.LeaveAsync();
        var pump = Begin(drain);
        Print("first");
        await UntilAsync(() => pump.Trouble is not null);

        const int Flood = 20_000;
        for (var i = 0; i < Flood; i++)
            Print($"flood {i}");

        sink.Return();
        Print("last");
        var got = new List<string>();
        while (got is not [.., var end] || !end.Contains("Error L10 (output buffer overflow): drain", StringComparison.Ordinal))
            got.Add(await sink.NextAsync());
        var said = int.Parse(got[^1].Split("dropped ")[1].Split(' ')[0]);
        var came = got.Count(m => m.Contains(" flood ", StringComparison.Ordinal));
        Assert.InRange(came, 200, Flood - 1);   // more than the memory holds: the disk still had them
        // The line that told of the trouble may be among those lost.
        Assert.InRange(said, Flood - came, Flood - came + 1);
        Assert.Contains(got, m => m.EndsWith(" last", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Over_TLS_a_certificate_is_believed_from_a_known_authority_only()
    {
        var (authority, leaf) = SyslogSink.Certificates();
        using var theirs = leaf;
        using var known = authority;
        await using var sink = new SyslogSink(leaf);
        var drain = Drain($"syslog+tls://localhost:{sink.Port}");
        var suspicious = Begin(drain);
        Print("not for strangers");
        await UntilAsync(() => suspicious.Trouble == $"localhost:{sink.Port} shows no certificate that is trusted for localhost.");

        Begin(Drain(drain.Address.Url), roots: [authority]);
        Print("for friends");
        await sink.UntilAsync(" for friends");
    }

    [Fact]
    public async Task HTTP_gets_lines_as_Logplex_sends_them_again_until_it_takes_them_and_never_those_that_it_refused()
    {
        var (posts, answers) = (new ConcurrentQueue<(HttpRequest Head, string Body)>(), new ConcurrentQueue<int>([500, 200, 413]));
        await using var web = await ReceiveAsync(posts, answers);
        var drain = Drain(web.Urls.Single().Replace("http://", "http://me:p%40ss@", StringComparison.Ordinal) + "/in?key=secret");
        Begin(drain);

        Print("hello ä");
        await UntilAsync(() => posts.Count >= 2);
        var (failed, taken) = (posts.First(), posts.ElementAt(1));
        Assert.Equal(failed.Body, taken.Body);
        Assert.StartsWith("<190>1 ", taken.Body.Split(' ', 2)[1], StringComparison.Ordinal);
        Assert.EndsWith("+00:00 host app web.1 - hello ä\n", taken.Body, StringComparison.Ordinal);
        Assert.Equal(Encoding.UTF8.GetByteCount(taken.Body.Split(' ', 2)[1]), int.Parse(taken.Body.Split(' ')[0]));
        Assert.Equal(("application/logplex-1", "1", drain.Token, "/in", "?key=secret"),
            (taken.Head.ContentType, taken.Head.Headers["Logplex-Msg-Count"].ToString(), taken.Head.Headers["Logplex-Drain-Token"].ToString(), taken.Head.Path.Value, taken.Head.QueryString.Value));
        Assert.Equal("Basic " + Convert.ToBase64String("me:p@ss"u8), taken.Head.Headers.Authorization.ToString());

        Print("too much");
        await UntilAsync(() => posts.Any(p => p.Body.Contains("Error L10 (output buffer overflow): drain", StringComparison.Ordinal)));
        Print("and on");
        await UntilAsync(() => posts.Any(p => p.Body.EndsWith("and on\n", StringComparison.Ordinal)));
        var all = string.Concat((await logs.RecentAsync(app, 1000, LogFilter.All, Ct)).Select(l => l.ToString()));
        Assert.DoesNotContain("secret", all, StringComparison.Ordinal);
        Assert.DoesNotContain("p@ss", all, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_name_that_leads_to_this_machine_is_not_connected_to_unless_that_is_allowed()
    {
        await using var sink = new SyslogSink();
        var pump = Begin(Drain($"syslog://localhost:{sink.Port}"), allowsPrivate: false);
        Print("for outside only");
        await UntilAsync(() => pump.Trouble == "localhost is not on a network that drains may lead to.");
        var overHttp = Begin(Drain($"http://localhost:{sink.Port}/"), allowsPrivate: false);
        Print("for outside only");
        await UntilAsync(() => overHttp.Trouble == "localhost is not on a network that drains may lead to.");
    }

    private static async Task<WebApplication> ReceiveAsync(ConcurrentQueue<(HttpRequest Head, string Body)> posts, ConcurrentQueue<int> answers)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        var web = builder.Build();
        web.MapPost("/in", async http =>
        {
            using var body = new StreamReader(http.Request.Body);
            var text = await body.ReadToEndAsync(http.RequestAborted);
            var head = new DefaultHttpContext().Request;
            (head.Path, head.QueryString) = (http.Request.Path, http.Request.QueryString);
            foreach (var (name, value) in http.Request.Headers)
                head.Headers[name] = value;
            posts.Enqueue((head, text));
            http.Response.StatusCode = answers.TryDequeue(out var status) ? status : 202;
        });
        await web.StartAsync(Ct);
        return web;
    }

    private Drain Drain(string url) => new()
    {
        Id = Guid.NewGuid(), App = app, Address = DrainAddress.Parse(url), Token = $"d.{Guid.NewGuid()}", CreatedAt = DateTimeOffset.UtcNow, UpdatedAt = DateTimeOffset.UtcNow,
    };

    private DrainPump Begin(Drain drain, bool allowsPrivate = true, X509Certificate2Collection? roots = null, CancellationToken? until = null)
    {
        var pump = new DrainPump(drain, IReceiver.Of(drain, new DrainNetwork(allowsPrivate, roots)), logs, folder.At(drain.Id.ToString()), Quick, TimeProvider.System);
        running.Add(pump.RunAsync(until ?? stop.Token));   // its place is by the time of the drain
        return pump;
    }

    private async Task EndedAsync()
    {
        foreach (var task in running)
            await task.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        running.Clear();
    }

    private AppLogs Open(LogLimits limits) => new(new DataFolder(folder.Path), TimeProvider.System, limits);

    private void Print(string text) => logs.Append(new SourceLine(app, "app", "web.1", DateTimeOffset.UtcNow, text));

    private static async Task UntilAsync(Func<bool> holds)
    {
        for (var tries = 0; !holds(); tries++)
        {
            Assert.True(tries < 1000, "Not within 20 s.");
            await Task.Delay(20, Ct);
        }
    }
}
