using System.Net;
using System.Text;
using Sluice.Router;

namespace Sluice.Tests.Router;

/// <summary>What an app says behind the body of its answer.</summary>
public sealed class TrailersTests
{
    private const string Head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n";
    private const string Body = "\r\n1\r\no\r\n1\r\nk\r\n0\r\n";
    private const string Asking = "GET / HTTP/1.1\r\nHost: shop.localhost\r\nConnection: close\r\n";

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("")]
    [InlineData("Trailer: X-Sum, Server-Timing\r\n")]
    public async Task Trailers_reach_a_visitor_of_HTTP_1_1_announced_or_not(string announced)
    {
        await using var app = Script.Saying($"{Head}{announced}{Body}X-Sum: Z\u00fcrich\r\nServer-Timing: db;dur=5\r\n\r\n");
        await using var router = await RouterUnderTest.StartAsync();
        await router.RouteAsync(app.Target());
        var answer = await router.RawAsync($"{Asking}\r\n");
        Assert.EndsWith("\r\n\r\n1\r\no\r\n1\r\nk\r\n0\r\nX-Sum: Z\u00fcrich\r\nServer-Timing: db;dur=5\r\n\r\n", answer, StringComparison.Ordinal);
        Assert.Contains("Transfer-Encoding: chunked\r\n", answer, StringComparison.Ordinal);
        Assert.Equal(announced.Length > 0, answer.Contains(announced.Length > 0 ? announced : "Trailer:", StringComparison.Ordinal));
        Assert.Matches(" status=200 bytes=2 ", (await router.LineAsync()).Text);
    }

    [Fact]
    public async Task Trailers_reach_a_visitor_of_HTTP_2_and_the_app_learns_that_they_are_wanted()
    {
        var heads = new List<string>();
        await using var app = new Script(async (_, stream) =>
        {
            while (await Script.HeadAsync(stream) is { } head)
            {
                heads.Add(head);
                await stream.WriteAsync(Encoding.ASCII.GetBytes($"{Head}Content-Type: application/grpc\r\nTrailer: grpc-status\r\n{Body}grpc-status: 5\r\ngrpc-message: no such thing\r\n\r\n"));
            }
        });
        await using var router = await RouterUnderTest.StartAsync();
        await router.RouteAsync(app.Target());
        using var http = new HttpClient(router.TlsHandler());
        for (var i = 0; i < 2; i++)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, "https://shop.localhost/") { Version = HttpVersion.Version20, VersionPolicy = HttpVersionPolicy.RequestVersionExact };
            request.Headers.TE.ParseAdd("trailers");
            using var answer = await http.SendAsync(request, Ct);
            Assert.Equal("ok", await answer.Content.ReadAsStringAsync(Ct));
            Assert.Equal("5", Assert.Single(answer.TrailingHeaders.GetValues("grpc-status")));
            Assert.Equal("no such thing", Assert.Single(answer.TrailingHeaders.GetValues("grpc-message")));
        }
        Assert.All(heads, head => Assert.Contains("\r\nConnection: TE\r\nTE: trailers\r\n", head, StringComparison.Ordinal));
        Assert.Equal((2, 1), (heads.Count, app.Connections));
    }

    [Fact]
    public async Task A_visitor_who_cannot_take_them_gets_the_answer_without()
    {
        await using var app = Script.Saying($"{Head}Trailer: X-Sum\r\n{Body}X-Sum: 1\r\n\r\n");
        await using var router = await RouterUnderTest.StartAsync();
        await router.RouteAsync(app.Target());
        var answer = await router.RawAsync("GET / HTTP/1.0\r\nHost: shop.localhost\r\n\r\n");
        Assert.EndsWith("\r\n\r\nok", answer, StringComparison.Ordinal);
        Assert.DoesNotContain("Trailer", answer, StringComparison.Ordinal);
    }

    /// <summary>Who takes trailers for headers would frame, route, store or trust the answer by them.</summary>
    [Fact]
    public async Task Fields_that_belong_before_a_body_are_left_out_behind_it()
    {
        string[] bad = ["Content-Length: 9", "transfer-encoding: chunked", "Host: evil", "Set-Cookie: a=b", "Connection: X-Sum", "Trailer: X-Sum", "Content-Type: text/html",
            "Authorization: me", "Cache-Control: public", "Via: 1.1 evil", "Location: /", "Upgrade: h2c", "Content-Encoding: gzip"];
        await using var app = Script.Saying($"{Head}{Body}{string.Join("\r\n", bad)}\r\nX-Sum: 1\r\n\r\n");
        await using var router = await RouterUnderTest.StartAsync();
        await router.RouteAsync(app.Target());
        Assert.EndsWith("\r\n1\r\nk\r\n0\r\nX-Sum: 1\r\n\r\n", await router.RawAsync($"{Asking}\r\n"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("X-Sum\r\n\r\n")]
    [InlineData("X-Sum: 1\r\n folded: 2\r\n\r\n")]
    [InlineData("X Sum: 1\r\n\r\n")]
    [InlineData("X-Sum: 1\0\r\n\r\n")]
    [InlineData("X-Sum: 1\nX-More: 1\r\n\r\n")]
    public async Task What_is_no_field_makes_it_half_an_answer(string trailers)
    {
        await using var app = Script.Saying(Head + Body + trailers);
        await using var router = await RouterUnderTest.StartAsync();
        await router.RouteAsync(app.Target());
        Assert.DoesNotContain("\r\n0\r\n", await router.RawAsync($"{Asking}\r\n"), StringComparison.Ordinal);
        Assert.StartsWith("at=error code=H18 ", (await router.LineAsync()).Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task More_than_16_KB_of_them_are_too_many()
    {
        await using var app = Script.Saying(Head + Body + string.Concat(Enumerable.Repeat($"X-Sum: {new string('1', 1000)}\r\n", 17)) + "\r\n");
        await using var router = await RouterUnderTest.StartAsync();
        await router.RouteAsync(app.Target());
        Assert.DoesNotContain("\r\n0\r\n", await router.RawAsync($"{Asking}\r\n"), StringComparison.Ordinal);
        Assert.StartsWith("at=error code=H18 ", (await router.LineAsync()).Text, StringComparison.Ordinal);
    }
}
