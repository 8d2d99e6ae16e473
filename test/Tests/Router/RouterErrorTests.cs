using System.Net;
using System.Net.Sockets;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Http;
using Sluice.Router;

namespace Sluice.Tests.Router;

public sealed class RouterErrorTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_host_that_nobody_has_is_not_found()
    {
        await using var router = await RouterUnderTest.StartAsync();
        using var http = router.Http();
        var answer = await http.GetAsync("http://nobody.localhost/", Ct);
        Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
        Assert.Contains("There is no app at this address.", await answer.Content.ReadAsStringAsync(Ct));
    }

    [Theory]
    [InlineData("H14", false, "H14", "No web dynos running")]
    [InlineData("H10", false, "H10", "App crashed")]
    [InlineData("H20", false, "H20", "App boot timeout")]
    [InlineData("H14", true, "H80", "Maintenance mode")]
    public async Task Without_a_dyno_the_page_and_the_line_say_why(string whenEmpty, bool maintenance, string code, string description)
    {
        await using var app = await Backend.SayingAsync("never seen");
        await using var router = await RouterUnderTest.StartAsync();
        var id = await router.RouteAsync(r => r with { WhenEmpty = whenEmpty, Maintenance = maintenance, Targets = maintenance ? [app.Target()] : [] });
        using var http = router.Http();
        using var request = new HttpRequestMessage(HttpMethod.Get, "http://shop.localhost/cart") { Headers = { { "Accept", "text/html" } } };
        var answer = await http.SendAsync(request, Ct);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.StatusCode);
        Assert.Equal("text/html", answer.Content.Headers.ContentType!.MediaType);
        Assert.Contains($"<code>{code}</code>", await answer.Content.ReadAsStringAsync(Ct));
        var line = await router.LineAsync();
        Assert.Equal(id, line.App);
        Assert.Matches($"^at=error code={code} desc=\"{description}\" method=GET path=\"/cart\" host=shop.localhost .* dyno= connect=0ms .* status=503 bytes=0 ", line.Text);
    }

    [Fact]
    public async Task A_late_first_byte_is_H12()
    {
        await using var app = await Backend.StartAsync(http => Task.Delay(Timeout.Infinite, http.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default));
        await using var router = await RouterUnderTest.StartAsync(new RouterLimits { FirstByte = TimeSpan.FromMilliseconds(300) });
        await router.RouteAsync(app.Target());
        Assert.Equal("H12", await CodeAsync(router));
        Assert.StartsWith("at=error code=H12 desc=\"Request timeout\"", (await router.LineAsync()).Text, StringComparison.Ordinal);
        Assert.True(await router.Client.DrainedAsync(app.Dyno, TimeSpan.FromSeconds(5), Ct));
    }

    [Fact]
    public async Task An_answer_that_began_in_time_may_take_as_long_as_it_likes()
    {
        await using var app = await Backend.StartAsync(async http =>
        {
            await http.Response.WriteAsync("first ");
            await Task.Delay(4000);
            await http.Response.WriteAsync("last");
        });
        await using var router = await RouterUnderTest.StartAsync(new RouterLimits { FirstByte = TimeSpan.FromSeconds(2) });
        await router.RouteAsync(app.Target());
        using var http = router.Http();
        Assert.Equal("first last", await http.GetStringAsync("http://shop.localhost/", Ct));
    }

    [Fact]
    public async Task A_connection_closed_without_an_answer_is_H13()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        await using var router = await RouterUnderTest.StartAsync();
        await router.RouteAsync(new Target(DynoId.New(), "web.1", "127.0.0.1", ((IPEndPoint)listener.LocalEndpoint).Port));
        var answer = CodeAsync(router, new StringContent("x"));
        using (var connection = await listener.AcceptTcpClientAsync(Ct))
            await RouterTests.ReadUntilAsync(connection.GetStream(), "\r\n\r\n");
        Assert.Equal("H13", await answer);
    }

    [Fact]
    public async Task A_refused_connection_is_H21()
    {
        await using var router = await RouterUnderTest.StartAsync();
        await router.RouteAsync(new Target(DynoId.New(), "web.1", "127.0.0.1", RouterTests.UnusedPort()));
        Assert.Equal("H21", await CodeAsync(router));
    }

    [Fact]
    public async Task Each_request_leaves_a_line_in_Herokus_form()
    {
        await using var app = await Backend.SayingAsync("twelve bytes");
        await using var router = await RouterUnderTest.StartAsync();
        var id = await router.RouteAsync(app.Target());
        using var http = router.Http();
        using var request = new HttpRequestMessage(HttpMethod.Get, "http://shop.localhost/a?b=\"c") { Headers = { { "X-Request-Id", "0123456789-abcdefghij" } } };
        await http.SendAsync(request, Ct);
        var line = await router.LineAsync();
        Assert.Equal(id, line.App);
        Assert.Matches(
            new Regex("^at=info method=GET path=\"/a\\?b=%22c\" host=shop.localhost request_id=0123456789-abcdefghij fwd=\"127.0.0.1\" dyno=web.1 connect=\\d+ms service=\\d+ms status=200 bytes=12 protocol=http$"),
            line.Text);
    }

    private static async Task<string> CodeAsync(RouterUnderTest router, HttpContent? body = null)
    {
        using var http = router.Http();
        using var request = new HttpRequestMessage(body is null ? HttpMethod.Get : HttpMethod.Post, "http://shop.localhost/") { Content = body };
        var answer = await http.SendAsync(request, Ct);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.StatusCode);
        return Assert.Single(answer.Headers.GetValues("X-Sluice-Error"));
    }
}
