using System.Net;
using System.Net.Sockets;
using System.Text;
using Microsoft.AspNetCore.Http;
using Sluice.Router;

namespace Sluice.Tests.Router;

/// <summary>What the router makes of whatever a dyno says.</summary>
public sealed class DynoCallTests
{
    private const string Request = "GET / HTTP/1.1\r\nHost: shop.localhost\r\n\r\n";

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", "ok")]
    [InlineData("HTTP/1.1 200\r\ncontent-length:2\r\n\r\nok", "ok")]
    [InlineData("HTTP/1.1 200 OK\nContent-Length: 2\n\nok", "ok")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;x=y\r\no\r\n01\r\nk\r\n0\r\nX-Trailer: 1\r\n\r\n", "ok")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\nContent-Length: 99\r\n\r\n2\r\nok\r\n0\r\n\r\n", "ok")]
    [InlineData("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", "ok")]
    [InlineData("HTTP/1.1 200 OK\r\n\r\nok", "ok")]
    [InlineData("HTTP/1.0 200 OK\r\n\r\nok", "ok")]
    [InlineData("HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n", "")]
    [InlineData("HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", "")]
    [InlineData("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", "")]
    public async Task An_answer_is_passed_on_whole(string answer, string body)
    {
        await using var app = Script.Saying(answer, andClose: true);
        await using var router = await RouterUnderTest.StartAsync();
        await router.RouteAsync(app.Target());
        using var http = router.Http();
        var got = await http.GetAsync("http://shop.localhost/", Ct);
        Assert.Equal(body, await got.Content.ReadAsStringAsync(Ct));
        Assert.Contains($" {(int)got.StatusCode}", answer);
        Assert.Matches($" status={(int)got.StatusCode} bytes={body.Length} ", (await router.LineAsync()).Text);
    }

    [Theory]
    [InlineData("SSH-2.0-OpenSSH\r\n\r\n")]
    [InlineData("HTTP/2 200 OK\r\n\r\n")]
    [InlineData("HTTP/1.1 2000 OK\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: +2\r\n\r\nok")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 2, 2\r\n\r\nok")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nA: 1\r\n folded\r\nContent-Length: 2\r\n\r\nok")]
    [InlineData("HTTP/1.1 200 OK\r\nA : 1\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nA: 1\rB: 2\r\n\r\n")]
    [InlineData("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n")]
    public async Task What_is_no_HTTP_is_H17(string answer)
    {
        await using var app = Script.Saying(answer, andClose: true);
        await using var router = await RouterUnderTest.StartAsync();
        await router.RouteAsync(app.Target());
        Assert.Contains("X-Sluice-Error: H17\r\n", await router.RawAsync(Request.Replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n", StringComparison.Ordinal)));
        Assert.StartsWith("at=error code=H17 ", (await router.LineAsync()).Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nok")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nok")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\n0\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;\nok\r\n0\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n-1\r\n\r\n")]
    public async Task Half_an_answer_never_looks_like_a_whole_one(string answer)
    {
        await using var app = Script.Saying(answer, andClose: true);
        await using var router = await RouterUnderTest.StartAsync();
        await router.RouteAsync(app.Target());
        using var http = router.Http();
        await Assert.ThrowsAnyAsync<HttpRequestException>(async () =>
        {
            var got = await http.GetAsync("http://shop.localhost/", Ct);
            Assert.Equal(HttpStatusCode.ServiceUnavailable, got.StatusCode);   // or nothing had gone out yet
            throw new HttpRequestException(Assert.Single(got.Headers.GetValues("X-Sluice-Error")));
        });
        Assert.Matches("^at=error code=H1[378] ", (await router.LineAsync()).Text);
    }

    [Fact]
    public async Task One_connection_carries_one_request_after_the_other_and_never_anothers_answer()
    {
        // The first answer brings a second one along, which nobody asked for: whoever comes next must not get it.
        await using var app = new Script(async (number, stream) =>
        {
            for (var request = 1; await Script.HeadAsync(stream) is not null; request++)
            {
                var more = request == 2 ? "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil" : "";
                await stream.WriteAsync(Encoding.ASCII.GetBytes($"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n{number}.{request}{more}"));
            }
        });
        await using var router = await RouterUnderTest.StartAsync();
        await router.RouteAsync(app.Target());
        using var http = router.Http();
        var answers = new List<string>();
        for (var i = 0; i < 4; i++)
            answers.Add(await http.GetStringAsync("http://shop.localhost/", Ct));
        Assert.Equal(["1.1", "1.2", "2.1", "2.2"], answers);
    }

    [Fact]
    public async Task What_a_dyno_says_unasked_on_an_idle_connection_is_nobodys_answer()
    {
        var said = new TaskCompletionSource();
        await using var app = new Script(async (number, stream) =>
        {
            await Script.HeadAsync(stream);
            await stream.WriteAsync(Encoding.ASCII.GetBytes($"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n{number}"));
            if (number > 1)
                return;
            await Task.Delay(100);   // after the router has taken the answer, before it closes an idle connection
            await stream.WriteAsync("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"u8.ToArray());
            said.SetResult();
            await Script.HeadAsync(stream);
        });
        await using var router = await RouterUnderTest.StartAsync();
        await router.RouteAsync(app.Target());
        using var http = router.Http();
        Assert.Equal("1", await http.GetStringAsync("http://shop.localhost/", Ct));
        await said.Task.WaitAsync(TimeSpan.FromSeconds(10), Ct);
        Assert.Equal("2", await http.GetStringAsync("http://shop.localhost/", Ct));
    }

    [Fact]
    public async Task An_answer_that_begins_before_the_upload_has_ended_arrives_at_once()
    {
        await using var app = await Backend.StartAsync(async http =>
        {
            var buffer = new byte[100];
            while (await http.Request.Body.ReadAsync(buffer) is > 0 and var count)
            {
                await http.Response.Body.WriteAsync(buffer.AsMemory(0, count));
                await http.Response.Body.FlushAsync();
            }
        });
        await using var router = await RouterUnderTest.StartAsync();
        await router.RouteAsync(app.Target());
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, router.Port, Ct);
        var stream = client.GetStream();
        await stream.WriteAsync("POST / HTTP/1.1\r\nHost: shop.localhost\r\nContent-Length: 6\r\n\r\none"u8.ToArray(), Ct);
        await RouterTests.ReadUntilAsync(stream, "one");
        await stream.WriteAsync("two"u8.ToArray(), Ct);
        await RouterTests.ReadUntilAsync(stream, "two");
    }

    [Fact]
    public async Task A_refusal_of_an_upload_does_not_wait_for_the_rest_of_it()
    {
        await using var app = new Script(async (_, stream) =>
        {
            await Script.HeadAsync(stream);
            await stream.WriteAsync("HTTP/1.1 413 Content Too Large\r\nContent-Length: 3\r\n\r\nbig"u8.ToArray());
            await Script.HeadAsync(stream);
        });
        await using var router = await RouterUnderTest.StartAsync();
        await router.RouteAsync(app.Target());
        Assert.StartsWith("HTTP/1.1 413 ", await router.RawAsync("POST / HTTP/1.1\r\nHost: shop.localhost\r\nContent-Length: 1000000000\r\n\r\nabc"), StringComparison.Ordinal);
        Assert.Matches(" status=413 bytes=3 ", (await router.LineAsync()).Text);
    }

    [Theory]
    [InlineData("Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nzz\r\n")]
    [InlineData("Transfer-Encoding: chunked\r\n\r\n3;a\nb\r\nabc\r\n0\r\n\r\n")]
    public async Task A_body_that_is_no_HTTP_is_refused(string rest)
    {
        await using var app = await Backend.StartAsync(http => http.Request.Body.CopyToAsync(Stream.Null));
        await using var router = await RouterUnderTest.StartAsync();
        await router.RouteAsync(app.Target());
        var answer = await router.RawAsync($"POST / HTTP/1.1\r\nHost: shop.localhost\r\n{rest}GET /smuggled HTTP/1.1\r\nHost: shop.localhost\r\n\r\n");
        Assert.StartsWith("HTTP/1.1 400 ", answer, StringComparison.Ordinal);
        Assert.Contains("The body of this request is no HTTP.", answer);
        Assert.DoesNotContain(app.Requests, r => r.Target == "/smuggled");
    }

    [Fact]
    public async Task A_visitor_that_stops_in_mid_upload_is_H28()
    {
        await using var app = await Backend.StartAsync(http => http.Request.Body.CopyToAsync(Stream.Null));
        await using var router = await RouterUnderTest.StartAsync(new RouterLimits { Idle = TimeSpan.FromMilliseconds(300), FirstByte = TimeSpan.FromMilliseconds(300) });
        await router.RouteAsync(app.Target());
        Assert.Equal("", await router.RawAsync("POST / HTTP/1.1\r\nHost: shop.localhost\r\nContent-Length: 10\r\n\r\nabc"));
        Assert.StartsWith("at=error code=H28 ", (await router.LineAsync()).Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_app_that_falls_silent_in_mid_answer_is_H15()
    {
        await using var app = Script.Saying("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc");
        await using var router = await RouterUnderTest.StartAsync(new RouterLimits { Idle = TimeSpan.FromMilliseconds(300) });
        await router.RouteAsync(app.Target());
        Assert.EndsWith("\r\n\r\nabc", await router.RawAsync(Request), StringComparison.Ordinal);
        Assert.StartsWith("at=error code=H15 ", (await router.LineAsync()).Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task More_at_once_than_a_dyno_takes_are_H11()
    {
        var release = new TaskCompletionSource();
        await using var app = await Backend.StartAsync(_ => release.Task);
        await using var router = await RouterUnderTest.StartAsync(new RouterLimits { PerDyno = 1 });
        await router.RouteAsync(app.Target());
        using var http = router.Http();
        var held = http.GetAsync("http://shop.localhost/", Ct);
        await RouterTests.UntilAsync(() => !app.Requests.IsEmpty);
        Assert.Equal("H11", Assert.Single((await http.GetAsync("http://shop.localhost/", Ct)).Headers.GetValues("X-Sluice-Error")));
        release.SetResult();
        Assert.Equal(HttpStatusCode.OK, (await held).StatusCode);
    }

    [Fact]
    public async Task Bytes_beyond_ASCII_in_headers_arrive_as_they_were_sent_both_ways()
    {
        await using var app = Script.Saying("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nX-Name: Z\u00c3\u00bcrich\r\nX-Sluice: \u00ff\r\nConnection: close, X-Gone\r\nX-Gone: 1\r\n\r\n", andClose: true);
        await using var router = await RouterUnderTest.StartAsync();
        await router.RouteAsync(app.Target());
        var answer = await router.RawAsync("GET / HTTP/1.1\r\nHost: shop.localhost\r\nConnection: close\r\n\r\n");
        Assert.Contains("X-Name: Z\u00c3\u00bcrich\r\n", answer);
        Assert.Contains("X-Sluice: \u00ff\r\n", answer);
        Assert.DoesNotContain("X-Gone", answer);
    }
}
