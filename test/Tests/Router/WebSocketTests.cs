using System.Net.WebSockets;
using System.Text;
using Microsoft.AspNetCore.Http;
using Sluice.Router;
using Sluice.Tests.Runtime;

namespace Sluice.Tests.Router;

public sealed class WebSocketTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task It_passes_both_ways_and_leaves_a_line_when_it_ends()
    {
        await using var echo = await EchoAsync();
        await using var router = await RouterUnderTest.StartAsync();
        await router.RouteAsync(echo.Target());
        using (var socket = await ConnectAsync(router))
        {
            var large = new byte[300_000];
            new Random(1).NextBytes(large);
            Assert.Equal("ping", Encoding.UTF8.GetString(await EchoedAsync(socket, "ping"u8.ToArray())));
            Assert.Equal(large, await EchoedAsync(socket, large));
            await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, "bye", Ct);
            Assert.Equal((WebSocketCloseStatus.NormalClosure, "bye"), (socket.CloseStatus, socket.CloseStatusDescription));
        }
        var line = (await router.LineAsync()).Text;
        Assert.Matches("^at=info method=GET path=\"/\" host=shop.localhost .* dyno=web.1 connect=\\d+ms service=\\d+ms status=101 bytes=30\\d{4} protocol=http$", line);
    }

    [Fact]
    public async Task Over_HTTP_2_it_is_the_same()
    {
        await using var echo = await EchoAsync();
        await using var router = await RouterUnderTest.StartAsync();
        await router.RouteAsync(echo.Target());
        using var http = new HttpClient(router.TlsHandler()) { DefaultRequestVersion = System.Net.HttpVersion.Version20, DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact };
        using var socket = new ClientWebSocket();
        socket.Options.HttpVersion = System.Net.HttpVersion.Version20;
        socket.Options.HttpVersionPolicy = HttpVersionPolicy.RequestVersionExact;
        await socket.ConnectAsync(new Uri($"wss://shop.localhost:{router.Port}/"), http, Ct);
        Assert.Equal("ping", Encoding.UTF8.GetString(await EchoedAsync(socket, "ping"u8.ToArray())));
        await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, "bye", Ct);
        Assert.Equal("2.0", (await http.GetAsync(new Uri($"https://shop.localhost:{router.Port}/plain"), Ct)).Version.ToString());
    }

    [Fact]
    public async Task An_app_opens_no_more_than_its_quota_and_one_that_closes_makes_room()
    {
        await using var echo = await EchoAsync();
        await using var router = await RouterUnderTest.StartAsync();
        await router.RouteAsync(r => r with { Targets = [echo.Target()], MostWebSockets = 2 });
        using var one = await ConnectAsync(router);
        using (var two = await ConnectAsync(router))
        {
            using var http = router.Http();
            using var asking = new HttpRequestMessage(HttpMethod.Get, "http://shop.localhost/")
            {
                Headers = { { "Connection", "Upgrade" }, { "Upgrade", "websocket" }, { "Sec-WebSocket-Key", "AAAAAAAAAAAAAAAAAAAAAA==" }, { "Sec-WebSocket-Version", "13" } },
            };
            var refused = await http.SendAsync(asking, Ct);
            Assert.Equal(System.Net.HttpStatusCode.ServiceUnavailable, refused.StatusCode);
            Assert.Contains("An app may have 2 open WebSockets at once. Wait until some have closed. An administrator can change that: sluice quotas:set websockets=N.", await refused.Content.ReadAsStringAsync(Ct));
            Assert.StartsWith("at=error code=H11 desc=\"Too many WebSockets\" ", (await router.LineAsync()).Text, StringComparison.Ordinal);
            Assert.Equal("plain", await http.GetStringAsync("http://shop.localhost/", Ct));
            Assert.Equal("ping", Encoding.UTF8.GetString(await EchoedAsync(one, "ping"u8.ToArray())));
            await two.CloseAsync(WebSocketCloseStatus.NormalClosure, "bye", Ct);
        }
        // Its seat is free when the router has seen both ends, which is a moment later.
        for (var tries = 0; ; tries++)
        {
            using var next = new ClientWebSocket();
            try
            {
                await ConnectAsync(router, next);
                Assert.Equal("ping", Encoding.UTF8.GetString(await EchoedAsync(next, "ping"u8.ToArray())));
                break;
            }
            catch (WebSocketException) when (tries < 200)
            {
                await Task.Delay(50, Ct);
            }
        }
    }

    [Fact]
    public async Task A_quiet_one_is_ended_with_a_frame_and_is_H15()
    {
        await using var echo = await EchoAsync();
        await using var router = await RouterUnderTest.StartAsync(new RouterLimits { Idle = TimeSpan.FromMilliseconds(400) });
        await router.RouteAsync(echo.Target());
        using var socket = await ConnectAsync(router);
        Assert.Equal(WebSocketCloseStatus.EndpointUnavailable, await ClosedAsync(socket));
        Assert.StartsWith("at=error code=H15 ", (await router.LineAsync()).Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_drain_of_its_dyno_does_not_wait_for_it_and_the_dynos_end_is_told_with_a_frame()
    {
        await using var router = await RouterUnderTest.StartAsync();
        await using var next = await Backend.SayingAsync("next");
        using var socket = new ClientWebSocket();
        await using (var echo = await EchoAsync())
        {
            await router.RouteAsync(echo.Target());
            await ConnectAsync(router, socket);
            await EchoedAsync(socket, "ping"u8.ToArray());
            await router.RouteAsync(next.Target());
            Assert.True(await router.Client.DrainedAsync(echo.Dyno, TimeSpan.FromMilliseconds(200), Ct));
            Assert.Equal("still", Encoding.UTF8.GetString(await EchoedAsync(socket, "still"u8.ToArray())));
            echo.Abort();
        }
        Assert.Equal(WebSocketCloseStatus.EndpointUnavailable, await ClosedAsync(socket));
        Assert.Matches(" status=101 ", (await router.LineAsync()).Text);
    }

    [Fact]
    public async Task A_router_that_leaves_says_good_bye_to_both_sides_in_time_whatever_the_date_is_set_to()
    {
        var seen = new TaskCompletionSource<WebSocketCloseStatus?>();
        await using var app = await Backend.StartAsync(async http =>
        {
            using var accepted = await http.WebSockets.AcceptWebSocketAsync();
            await accepted.ReceiveAsync(new byte[10].AsMemory(), default);
            seen.SetResult(accepted.CloseStatus);
        });
        var clock = new JumpingClock();
        await using var router = await RouterUnderTest.StartAsync(new RouterLimits { Drain = TimeSpan.FromMilliseconds(800) }, clock: clock);
        await router.RouteAsync(app.Target());
        using var socket = await ConnectAsync(router);
        var drained = router.Host.DrainAsync(Ct);
        await Task.Delay(TimeSpan.FromMilliseconds(200), Ct);
        clock.Jump = TimeSpan.FromDays(1);
        await Task.Delay(TimeSpan.FromMilliseconds(200), Ct);
        Assert.False(seen.Task.IsCompleted);   // not sooner,
        clock.Jump = TimeSpan.FromDays(-60);   // and not later
        Assert.Equal(WebSocketCloseStatus.EndpointUnavailable, await ClosedAsync(socket));
        Assert.Equal(WebSocketCloseStatus.EndpointUnavailable, await seen.Task.WaitAsync(TimeSpan.FromSeconds(10), Ct));
        await drained.WaitAsync(TimeSpan.FromSeconds(20), Ct);
    }

    [Fact]
    public async Task An_app_that_wants_none_answers_as_ever()
    {
        await using var app = await Backend.SayingAsync("no socket here");
        await using var router = await RouterUnderTest.StartAsync();
        await router.RouteAsync(app.Target());
        var answer = await router.RawAsync("GET / HTTP/1.1\r\nHost: shop.localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n");
        Assert.StartsWith("HTTP/1.1 200 OK\r\n", answer, StringComparison.Ordinal);
        Assert.Contains("no socket here", answer);
    }

    [Theory]
    [InlineData(new byte[] { 0x81, 2, 1, 2 }, true, false)]
    [InlineData(new byte[] { 0x81, 2, 1 }, false, false)]
    [InlineData(new byte[] { 0x81, 0x82, 9, 9, 9, 9, 1, 2 }, true, false)]
    [InlineData(new byte[] { 0x81, 0x82, 9, 9, 9, 9 }, false, false)]
    [InlineData(new byte[] { 0x82, 126, 0, 3, 1, 2, 3 }, true, false)]
    [InlineData(new byte[] { 0x82, 127, 0, 0, 0, 0, 0, 0, 0, 1, 7 }, true, false)]
    [InlineData(new byte[] { 0x89, 0, 0x88, 2, 3, 0xe8 }, true, true)]
    public void Frames_are_followed_however_they_are_cut(byte[] bytes, bool isBetween, bool hasClosed)
    {
        for (var cut = 0; cut <= bytes.Length; cut++)
        {
            var frames = new WebSocketFrames();
            frames.Pass(bytes.AsSpan(0, cut));
            frames.Pass(bytes.AsSpan(cut));
            Assert.Equal((isBetween, hasClosed), (frames.IsBetween, frames.HasClosed));
        }
    }

    private static Task<Backend> EchoAsync() => Backend.StartAsync(async http =>
    {
        if (!http.WebSockets.IsWebSocketRequest)
        {
            await http.Response.WriteAsync("plain");
            return;
        }
        using var socket = await http.WebSockets.AcceptWebSocketAsync();
        var buffer = new byte[8192];
        while (await socket.ReceiveAsync(buffer.AsMemory(), default) is { MessageType: not WebSocketMessageType.Close } got)
            await socket.SendAsync(buffer.AsMemory(0, got.Count), got.MessageType, got.EndOfMessage, default);
        await socket.CloseAsync(socket.CloseStatus!.Value, socket.CloseStatusDescription, default);
    });

    private static async Task<ClientWebSocket> ConnectAsync(RouterUnderTest router)
    {
        var socket = new ClientWebSocket();
        await ConnectAsync(router, socket);
        return socket;
    }

    private static Task ConnectAsync(RouterUnderTest router, ClientWebSocket socket)
    {
        socket.Options.SetRequestHeader("Host", "shop.localhost");
        return socket.ConnectAsync(new Uri($"ws://127.0.0.1:{router.Port}/"), Ct);
    }

    private static async Task<byte[]> EchoedAsync(ClientWebSocket socket, byte[] message)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        var sending = socket.SendAsync(message, WebSocketMessageType.Binary, true, limit.Token);
        var got = new byte[message.Length];
        for (var count = 0; count < got.Length;)
            count += (await socket.ReceiveAsync(got.AsMemory(count), limit.Token)).Count;
        await sending;
        return got;
    }

    private static async Task<WebSocketCloseStatus?> ClosedAsync(ClientWebSocket socket)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        Assert.Equal(WebSocketMessageType.Close, (await socket.ReceiveAsync(new byte[100].AsMemory(), limit.Token)).MessageType);
        return socket.CloseStatus;
    }
}
