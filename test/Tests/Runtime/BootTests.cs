using System.Collections.Immutable;
using System.Net;
using Sluice.Runtime;

namespace Sluice.Tests.Runtime;

/// <summary>Web dynos that cannot be reached: each is ended at its minute (here shorter) and told why in a sentence that helps; one that is only late comes up.</summary>
public sealed class BootTests(RootSandboxes sandboxes) : IClassFixture<RootSandboxes>
{
    private static readonly DynoTimes Times = new() { Boot = TimeSpan.FromSeconds(20) };

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_cannot_be_reached_is_told_where_it_listens_and_what_is_late_comes_up()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "Needs root, without which dynos share the host's network.");
        var dynos = new DynoHost(sandboxes.Host, (_, _) => Task.FromResult(sandboxes.Slug), sandboxes.Data, TimeProvider.System, Times);
        var late = await StartAsync(dynos, "sleep 3; exec python3 -m http.server $PORT");
        var cases = new Dictionary<string, DynoId>
        {
            ["R10: did not accept on $PORT within 20 s; it listens on port 3000: bind to $PORT, which is 5000"] = await StartAsync(dynos, Listen("AF_INET", "0.0.0.0", 3000)),
            ["R10: did not accept on $PORT within 20 s; it listens on 127.0.0.1 alone, which nobody else reaches: bind to 0.0.0.0"] = await StartAsync(dynos, Listen("AF_INET", "127.0.0.1", 5000)),
            ["R10: did not accept on $PORT within 20 s; it listens on IPv6 alone: bind to 0.0.0.0"] = await StartAsync(dynos, Listen("AF_INET6", "::", 5000)),
            ["R10: did not accept on $PORT within 20 s; it listens on no port"] = await StartAsync(dynos, "exec sleep 600"),
        };
        Assert.Equal(DynoState.Up, (await SettledAsync(dynos, late)).State);
        foreach (var (reason, id) in cases)
        {
            var ended = await SettledAsync(dynos, id);
            Assert.Equal((DynoState.Crashed, reason), (ended.State, ended.Reason));
        }
        Assert.Equal(DynoState.Up, dynos.List().Single(d => d.Id == late).State);
        await dynos.StopAllAsync(TimeSpan.Zero, Ct);
    }

    [Fact]
    public async Task A_clock_that_jumps_ends_no_dyno_that_boots_and_lets_none_run_longer()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "Needs root, without which dynos share the host's network.");
        var clock = new JumpingClock();
        var dynos = new DynoHost(sandboxes.Host, (_, _) => Task.FromResult(sandboxes.Slug), sandboxes.Data, clock, Times);
        var slow = await StartAsync(dynos, "sleep 2; exec python3 -m http.server $PORT");
        var limited = await StartAsync(dynos, "exec sleep 600", limit: TimeSpan.FromSeconds(4));
        clock.Jump = TimeSpan.FromDays(3650);
        Assert.Equal(DynoState.Up, (await SettledAsync(dynos, slow)).State);
        clock.Jump = TimeSpan.FromDays(-3650);
        while (dynos.List().Single(d => d.Id == limited).State is DynoState.Starting or DynoState.Up)
            await Task.Delay(50, Ct);
        Assert.Equal("Ran longer than it may, and was stopped", dynos.List().Single(d => d.Id == limited).Reason);
        Assert.Equal(DynoState.Up, dynos.List().Single(d => d.Id == slow).State);
        await dynos.StopAllAsync(TimeSpan.Zero, Ct);
    }

    [Theory]
    [InlineData("", "; it listens on no port")]
    [InlineData("127.0.0.1:5000", "; it listens on 127.0.0.1 alone, which nobody else reaches: bind to 0.0.0.0")]
    [InlineData("[::1]:5000", "; it listens on ::1 alone, which nobody else reaches: bind to 0.0.0.0")]
    [InlineData("[::]:5000", "; it listens on IPv6 alone: bind to 0.0.0.0")]
    [InlineData("0.0.0.0:80", "; it listens on port 80: bind to $PORT, which is 5000")]
    public void What_is_said_helps(string listens, string advice) =>
        Assert.Equal(advice, Listening.Advice([.. listens.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(IPEndPoint.Parse)], 5000));

    private static string Listen(string family, string address, int port) =>
        $"exec python3 -c 'import socket, time; s = socket.socket(socket.{family}); {(family == "AF_INET6" ? "s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1); " : "")}s.bind((\"{address}\", {port})); s.listen(); time.sleep(600)'";

    private static async Task<DynoId> StartAsync(DynoHost dynos, string command, TimeSpan? limit = null)
    {
        var start = new DynoStart
        {
            Id = DynoId.New(), App = AppId.New(), Name = limit is null ? "web.1" : "run.1", Type = limit is null ? "web" : "run", Generation = 1, Slug = SlugDigest.Parse(new string('0', 64)),
            Env = ImmutableDictionary<string, string>.Empty, Command = command, Size = "Basic", IsOneOff = limit is not null, Limit = limit,
        };
        return (await dynos.StartAsync(start)).Id;
    }

    private static async Task<DynoStatus> SettledAsync(DynoHost dynos, DynoId id)
    {
        using var late = CancellationTokenSource.CreateLinkedTokenSource(Ct);
        late.CancelAfter(TimeSpan.FromSeconds(120));
        while (dynos.List().Single(d => d.Id == id) is { State: DynoState.Starting })
            await Task.Delay(50, late.Token);
        return dynos.List().Single(d => d.Id == id);
    }
}
