using System.Net;
using System.Net.Sockets;
using System.Net.WebSockets;
using System.Text;
using Microsoft.AspNetCore.Http;
using Sluice.Router;
using Sluice.Tests.Runtime;

namespace Sluice.Tests.Router;

public sealed class RouterTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task An_app_answers_at_its_host_in_any_case()
    {
        await using var app = await Backend.SayingAsync("hello");
        await using var router = await RouterUnderTest.StartAsync();
        await router.RouteAsync(app.Target());
        using var http = router.Http();
        Assert.Equal("hello", await http.GetStringAsync("http://shop.localhost/", Ct));
        using var request = new HttpRequestMessage(HttpMethod.Get, "http://x/") { Headers = { Host = "SHOP.localhost:5000" } };
        Assert.Equal("hello", await (await http.SendAsync(request, Ct)).Content.ReadAsStringAsync(Ct));
    }

    [Fact]
    public async Task A_domain_leads_to_its_app_and_a_wildcard_to_the_names_one_step_below_that_have_none()
    {
        await using var shop = await Backend.SayingAsync("shop");
        await using var docs = await Backend.SayingAsync("docs");
        await using var router = await RouterUnderTest.StartAsync();
        await router.Client.PushAsync(
            new RouteTable(1,
            [
                RouterUnderTest.Route() with { Hosts = ["shop.localhost", "*.example.com"], Targets = [shop.Target()] },
                RouterUnderTest.Route() with { Name = "docs", Hosts = ["docs.localhost", "docs.example.com"], Targets = [docs.Target()] },
            ]),
            Ct);
        using var http = router.Http();
        foreach (var (host, answer) in new[] { ("www.example.com", "shop"), ("WWW.Example.Com:8080", "shop"), ("docs.example.com", "docs") })
            Assert.Equal(answer, await http.GetStringAsync($"http://{host}/", Ct));
        foreach (var nobodys in new[] { "example.com", "a.b.example.com", "www.example.org", "example" })
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, "http://x/");
            request.Headers.TryAddWithoutValidation("Host", nobodys);
            Assert.Equal(HttpStatusCode.NotFound, (await http.SendAsync(request, Ct)).StatusCode);
        }
    }

    [Fact]
    public async Task An_upload_reaches_the_app_piece_by_piece_and_so_does_its_answer()
    {
        var (first, second) = (new TaskCompletionSource(), new TaskCompletionSource());
        await using var app = await Backend.StartAsync(async http =>
        {
            var buffer = new byte[100];
            Assert.Equal("one", Encoding.UTF8.GetString(buffer, 0, await http.Request.Body.ReadAsync(buffer)));
            first.SetResult();
            while (await http.Request.Body.ReadAsync(buffer) > 0)
                continue;
            await http.Response.WriteAsync("three");
            await second.Task;
            await http.Response.WriteAsync("four");
        });
        await using var router = await RouterUnderTest.StartAsync();
        await router.RouteAsync(app.Target());
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, router.Port, Ct);
        var stream = client.GetStream();
        await stream.WriteAsync("POST / HTTP/1.1\r\nHost: shop.localhost\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n"u8.ToArray(), Ct);
        await first.Task.WaitAsync(TimeSpan.FromSeconds(10), Ct);
        await stream.WriteAsync("3\r\ntwo\r\n0\r\n\r\n"u8.ToArray(), Ct);
        await ReadUntilAsync(stream, "three");
        second.SetResult();
        await ReadUntilAsync(stream, "four");
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_large_body_arrives_whole_both_ways(bool knowsItsLength)
    {
        await using var echo = await Backend.StartAsync(async http =>
        {
            using var all = new MemoryStream();
            await http.Request.Body.CopyToAsync(all);
            http.Response.ContentLength = knowsItsLength ? all.Length : null;
            await http.Response.Body.WriteAsync(all.ToArray());
        });
        await using var router = await RouterUnderTest.StartAsync();
        await router.RouteAsync(echo.Target());
        using var http = router.Http();
        var sent = new byte[40_000_000];
        new Random(1).NextBytes(sent);
        using var request = new HttpRequestMessage(HttpMethod.Post, "http://shop.localhost/") { Content = new ByteArrayContent(sent) };
        request.Headers.TransferEncodingChunked = !knowsItsLength;
        var answer = await http.SendAsync(request, Ct);
        var got = await answer.Content.ReadAsByteArrayAsync(Ct);
        Assert.True(sent.AsSpan().SequenceEqual(got));
        Assert.Matches(" bytes=40000000 ", (await router.LineAsync()).Text);
    }

    [Fact]
    public async Task The_least_loaded_dyno_is_taken()
    {
        var release = new TaskCompletionSource();
        await using var busy = await Backend.StartAsync(async http => { await release.Task; await http.Response.WriteAsync("busy"); });
        await using var free = await Backend.SayingAsync("free");
        await using var router = await RouterUnderTest.StartAsync();
        await router.RouteAsync(busy.Target("web.1"));
        using var http = router.Http();
        var held = http.GetStringAsync("http://shop.localhost/", Ct);
        await UntilAsync(() => !busy.Requests.IsEmpty);
        await router.RouteAsync(busy.Target("web.1"), free.Target("web.2"));
        for (var i = 0; i < 6; i++)
            Assert.Equal("free", await http.GetStringAsync("http://shop.localhost/", Ct));
        release.SetResult();
        Assert.Equal("busy", await held);
    }

    [Fact]
    public async Task Idle_dynos_share_the_work()
    {
        await using var one = await Backend.SayingAsync("1");
        await using var two = await Backend.SayingAsync("2");
        await using var router = await RouterUnderTest.StartAsync();
        await router.RouteAsync(one.Target("web.1"), two.Target("web.2"));
        using var http = router.Http();
        for (var i = 0; i < 10; i++)
            await http.GetStringAsync("http://shop.localhost/", Ct);
        Assert.Equal((5, 5), (one.Requests.Count, two.Requests.Count));
    }

    [Fact]
    public async Task A_dyno_that_takes_no_connection_is_passed_over()
    {
        await using var app = await Backend.SayingAsync("alive");
        await using var router = await RouterUnderTest.StartAsync();
        var dead = new Target(DynoId.New(), "web.1", "127.0.0.1", UnusedPort());
        await router.RouteAsync(dead, app.Target("web.2"));
        using var http = router.Http();
        for (var i = 0; i < 4; i++)
        {
            var answer = await http.PostAsync("http://shop.localhost/", new StringContent("body"), Ct);
            Assert.Equal("alive", await answer.Content.ReadAsStringAsync(Ct));
        }
    }

    [Fact]
    public async Task A_drain_waits_for_what_is_in_flight_and_no_longer_than_its_limit_whatever_the_date_is_set_to()
    {
        var release = new TaskCompletionSource();
        await using var app = await Backend.StartAsync(async http => { await release.Task; await http.Response.WriteAsync("done"); });
        await using var next = await Backend.SayingAsync("next");
        var clock = new JumpingClock();
        await using var router = await RouterUnderTest.StartAsync(clock: clock);
        await router.RouteAsync(app.Target());
        using var http = router.Http();
        var held = http.GetStringAsync("http://shop.localhost/", Ct);
        await UntilAsync(() => !app.Requests.IsEmpty);
        await router.RouteAsync(next.Target());
        Assert.Equal("next", await http.GetStringAsync("http://shop.localhost/", Ct));
        var brief = router.Client.DrainedAsync(app.Dyno, TimeSpan.FromMilliseconds(500), Ct);
        await Task.Delay(TimeSpan.FromMilliseconds(200), Ct);   // it has begun to wait
        clock.Jump = TimeSpan.FromDays(-1);
        Assert.False(await brief);
        var drained = router.Client.DrainedAsync(app.Dyno, TimeSpan.FromSeconds(10), Ct);
        await Task.Delay(TimeSpan.FromMilliseconds(200), Ct);
        clock.Jump = TimeSpan.FromDays(1);
        await Task.Delay(TimeSpan.FromMilliseconds(200), Ct);
        Assert.False(drained.IsCompleted);
        release.SetResult();
        Assert.True(await drained);
        Assert.Equal("done", await held);
        Assert.True(await router.Client.DrainedAsync(DynoId.New(), TimeSpan.Zero, Ct));
    }

    [Fact]
    public async Task A_web_socket_passes()
    {
        await using var echo = await Backend.StartAsync(async http =>
        {
            using var socket = await http.WebSockets.AcceptWebSocketAsync();
            var buffer = new byte[100];
            var read = await socket.ReceiveAsync(buffer.AsMemory(), default);
            await socket.SendAsync(buffer.AsMemory(0, read.Count), WebSocketMessageType.Text, true, default);
            await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, null, default);
        });
        await using var router = await RouterUnderTest.StartAsync();
        await router.RouteAsync(echo.Target());
        using var socket = new ClientWebSocket();
        socket.Options.SetRequestHeader("Host", "shop.localhost");
        await socket.ConnectAsync(new Uri($"ws://127.0.0.1:{router.Port}/"), Ct);
        await socket.SendAsync("ping"u8.ToArray(), WebSocketMessageType.Text, true, Ct);
        var buffer = new byte[100];
        var got = await socket.ReceiveAsync(buffer, Ct);
        Assert.Equal("ping", Encoding.UTF8.GetString(buffer, 0, got.Count));
    }

    internal static async Task ReadUntilAsync(Stream stream, string text)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(10));
        var all = new StringBuilder();
        var buffer = new byte[4096];
        while (!all.ToString().Contains(text, StringComparison.Ordinal))
        {
            var count = await stream.ReadAsync(buffer, limit.Token);
            Assert.True(count > 0, $"The connection closed before \"{text}\" came; it said: {all}");
            all.Append(Encoding.UTF8.GetString(buffer, 0, count));
        }
    }

    internal static async Task UntilAsync(Func<bool> holds)
    {
        for (var tries = 0; !holds(); tries++)
        {
            Assert.True(tries < 1000, "It did not come about within 10 s.");
            await Task.Delay(10, Ct);
        }
    }

    internal static int UnusedPort()
    {
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }
}
