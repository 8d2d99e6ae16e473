using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Sluice.Router;

namespace Sluice.Tests.Router;

/// <summary>What a client may not say to an app through us.</summary>
public sealed class HeadRulesTests
{
    [Fact]
    public async Task Nobody_outside_speaks_as_the_router()
    {
        await using var app = await Backend.SayingAsync("ok");
        await using var router = await RouterUnderTest.StartAsync();
        await router.RouteAsync(app.Target());
        await router.RawAsync(
            "GET / HTTP/1.1\r\nHost: shop.localhost\r\nX-Forwarded-For: 6.6.6.6\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Port: 1\r\nX-Forwarded-Host: evil\r\n"
            + "Forwarded: for=6.6.6.6\r\nVia: evil\r\nX-Request-Start: 1\r\nX-Real-IP: 6.6.6.6\r\nX-Request-Id: short\r\nConnection: X-Secret\r\nX-Secret: 1\r\nKeep-Alive: 5\r\n\r\n");
        var seen = Assert.Single(app.Requests).Headers;
        Assert.Equal("127.0.0.1", seen["X-Forwarded-For"]);
        Assert.Equal("http", seen["X-Forwarded-Proto"]);
        Assert.Equal($"{router.Port}", seen["X-Forwarded-Port"]);
        Assert.Equal("1.1 sluice", seen["Via"]);
        Assert.Equal("shop.localhost", seen["Host"]);
        Assert.True(Guid.TryParse(seen["X-Request-Id"], out _));
        Assert.True(long.Parse(seen["X-Request-Start"]) > 1_600_000_000_000);
        foreach (var gone in new[] { "Forwarded", "X-Forwarded-Host", "X-Real-IP", "X-Secret", "Keep-Alive" })
            Assert.DoesNotContain(gone, seen.Keys);
    }

    /// <summary>Kestrel by itself shows one word of such a header, and the name beside it is lost.</summary>
    [Theory]
    [InlineData("Connection: keep-alive, X-Secret", false)]
    [InlineData("Connection: close, X-Secret", true)]
    [InlineData("Connection: X-SECRET ,close", true)]
    [InlineData("Connection: Upgrade,X-Secret\r\nUpgrade: h2c", false)]
    [InlineData("Connection: keep-alive\r\nConnection:\tx-secret\t", false)]
    [InlineData("Connection: ,,X-Secret,,\r\nConnection: keep-alive", false)]
    [InlineData("Connection: close\r\nConnection: X-Secret, Content-Length, Host", true)]
    public async Task What_Connection_names_goes_no_further_whatever_stands_beside_it(string connection, bool closes)
    {
        await using var app = await Backend.SayingAsync("ok");
        await using var router = await RouterUnderTest.StartAsync();
        await router.RouteAsync(app.Target());
        var answer = await router.RawAsync($"POST / HTTP/1.1\r\nHost: shop.localhost\r\nX-Secret: 1\r\nX-Open: 2\r\nContent-Length: 2\r\n{connection}\r\n\r\nhi");
        var seen = Assert.Single(app.Requests).Headers;
        Assert.DoesNotContain("X-Secret", seen.Keys);
        Assert.Equal(("2", "2", "shop.localhost"), (seen["X-Open"], seen["Content-Length"], seen["Host"]));
        Assert.StartsWith("HTTP/1.1 200 ", answer, StringComparison.Ordinal);
        Assert.True(!closes || answer.Contains("\r\nConnection: close\r\n", StringComparison.Ordinal), answer);
    }

    [Theory]
    [InlineData("HTTP/1.1", "keep-alive", 2)]
    [InlineData("HTTP/1.1", "keep-alive, TE", 2)]
    [InlineData("HTTP/1.1", "TE", 2)]
    [InlineData("HTTP/1.1", "TE, close", 1)]
    [InlineData("HTTP/1.0", "TE", 1)]
    public async Task A_connection_stays_open_as_its_visitor_asks(string version, string connection, int answered)
    {
        await using var app = await Backend.SayingAsync("ok");
        await using var router = await RouterUnderTest.StartAsync();
        await router.RouteAsync(app.Target());
        var request = $"GET / {version}\r\nHost: shop.localhost\r\nConnection: {connection}\r\n\r\n";
        await router.RawAsync(request + request);
        Assert.Equal(answered, app.Requests.Count);
    }

    [Theory]
    [InlineData("/a/..%2f..%2fb/../c//d?x=%7e&y=a%2Fb", "/a/..%2f..%2fb/../c//d?x=%7e&y=a%2Fb")]
    [InlineData("//evil.example/x", "//evil.example/x")]
    [InlineData("/%E2%82%AC", "/%E2%82%AC")]
    [InlineData("http://shop.localhost/absolute/form?q", "/absolute/form?q")]
    [InlineData("http://shop.localhost", "/")]
    public async Task The_path_arrives_as_it_was_sent(string sent, string arrives)
    {
        await using var app = await Backend.SayingAsync("ok");
        await using var router = await RouterUnderTest.StartAsync();
        await router.RouteAsync(app.Target());
        await router.RawAsync($"GET {sent} HTTP/1.1\r\nHost: shop.localhost\r\nConnection: close\r\n\r\n");
        Assert.Equal(arrives, Assert.Single(app.Requests).Target);
    }

    [Fact]
    public async Task A_question_about_the_whole_server_stays_one()
    {
        await using var app = await Backend.SayingAsync("ok");
        await using var router = await RouterUnderTest.StartAsync();
        await router.RouteAsync(app.Target());
        await router.RawAsync("OPTIONS * HTTP/1.1\r\nHost: shop.localhost\r\nConnection: close\r\n\r\n");
        Assert.Equal("*", Assert.Single(app.Requests).Target);
    }

    [Theory]
    [InlineData("POST / HTTP/1.1\r\nHost: shop.localhost\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")]
    [InlineData("POST / HTTP/1.1\r\nHost: shop.localhost\r\nTransfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n")]
    [InlineData("POST / HTTP/1.1\r\nHost: shop.localhost\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd")]
    [InlineData("POST / HTTP/1.1\r\nHost: shop.localhost\r\nTransfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n")]
    [InlineData("GET / HTTP/1.1\nHost: shop.localhost\n\n")]
    [InlineData("GET / HTTP/1.1\r\nHost: shop.localhost\r\nX : 1\r\n\r\n")]
    [InlineData("GET / HTTP/1.1\r\nHost: shop.localhost\r\nHost: other.localhost\r\n\r\n")]
    [InlineData("GET / HTTP/1.1\r\n\r\n")]
    [InlineData("TRACE / HTTP/1.1\r\nHost: shop.localhost\r\n\r\n")]
    [InlineData("CONNECT shop.localhost:80 HTTP/1.1\r\nHost: shop.localhost:80\r\n\r\n")]
    [InlineData("POST / HTTP/1.1\r\nHost: shop.localhost\r\nContent-Length: +4\r\n\r\nabcd")]
    [InlineData("POST / HTTP/1.1\r\nHost: shop.localhost\r\nContent-Length: -4\r\n\r\nabcd")]
    [InlineData("POST / HTTP/1.1\r\nHost: shop.localhost\r\nContent-Length: 0x4\r\n\r\nabcd")]
    [InlineData("POST / HTTP/1.1\r\nHost: shop.localhost\r\nContent-Length: 4, 4\r\n\r\nabcd")]
    [InlineData("POST / HTTP/1.1\r\nHost: shop.localhost\r\nContent-Length: 99999999999999999999\r\n\r\nabcd")]
    [InlineData("POST / HTTP/1.1\r\nHost: shop.localhost\r\nContent-Length: 99999999999999999999999999\r\n\r\nabcd")]
    [InlineData("POST / HTTP/1.1\r\nHost: shop.localhost\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n")]
    [InlineData("POST / HTTP/1.1\r\nHost: shop.localhost\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n")]
    [InlineData("POST / HTTP/1.1\r\nHost: shop.localhost\r\nTransfer-Encoding:\u000bchunked\r\n\r\n0\r\n\r\n")]
    [InlineData("GET / HTTP/1.1\r\nHost: shop.localhost\r\nA: 1\r\n folded\r\n\r\n")]
    [InlineData("GET / HTTP/1.1\r\nHost: shop.localhost\r\nA: 1\0\r\n\r\n")]
    [InlineData("GET / HTTP/1.1\r\nHost: shop.localhost\r\nA: 1\rB: 2\r\n\r\n")]
    [InlineData("GET / HTTP/1.1\r\nHost: shop.localhost\r\n: 1\r\n\r\n")]
    [InlineData("GET / HTTP/1.1\r\nHost: shop.localhost other\r\n\r\n")]
    [InlineData("GET /%00 HTTP/1.1\r\nHost: shop.localhost\r\n\r\n")]
    [InlineData("GET / HTTP/1.1 \r\nHost: shop.localhost\r\n\r\n")]
    [InlineData("GET http://other.localhost/ HTTP/1.1\r\nHost: shop.localhost\r\n\r\n")]
    public async Task What_two_servers_could_read_differently_is_refused_and_the_connection_closed(string request)
    {
        await using var app = await Backend.SayingAsync("ok");
        await using var router = await RouterUnderTest.StartAsync();
        await router.RouteAsync(app.Target());
        var answer = await router.RawAsync(request + "GET /smuggled HTTP/1.1\r\nHost: shop.localhost\r\n\r\n");
        Assert.StartsWith("HTTP/1.1 400 ", answer, StringComparison.Ordinal);
        Assert.Matches("\r\n\r\n.*\"message\":\"[A-Z][^\"]{20,}\\.", answer);
        Assert.Equal(answer.IndexOf("HTTP/1.1", StringComparison.Ordinal), answer.LastIndexOf("HTTP/1.1", StringComparison.Ordinal));
        Assert.Empty(app.Requests);
    }

    [Theory]
    [InlineData("414", "longer than 8 KB")]
    [InlineData("431", "32 KB")]
    public async Task A_head_that_is_too_large_is_refused_with_a_sentence(string status, string says)
    {
        await using var app = await Backend.SayingAsync("ok");
        await using var router = await RouterUnderTest.StartAsync();
        await router.RouteAsync(app.Target());
        var (path, header) = status == "414" ? (new string('a', 9000), "") : ("", new string('a', 40_000));
        var answer = await router.RawAsync($"GET /{path} HTTP/1.1\r\nHost: shop.localhost\r\nCookie: {header}\r\n\r\n");
        Assert.StartsWith($"HTTP/1.1 {status} ", answer, StringComparison.Ordinal);
        Assert.Contains($"\r\nX-Sluice-Error: {status}\r\n", answer);
        Assert.Contains(says, answer);
        Assert.Empty(app.Requests);
    }

    /// <summary>HTTP/2 can carry it, and a line of HTTP/1.1 towards an app or the server would be read as something else.</summary>
    [Theory]
    [InlineData("/a b")]
    [InlineData("/a?b c")]
    [InlineData("/a\tb")]
    [InlineData("/a\u007fb")]
    public async Task An_address_that_holds_more_than_visible_ASCII_is_refused_over_HTTP_2_too(string path)
    {
        await using var app = await Backend.SayingAsync("ok");
        await using var router = await RouterUnderTest.StartAsync();
        await router.RouteAsync(app.Target());
        using var http = new HttpClient(router.TlsHandler()) { DefaultRequestVersion = System.Net.HttpVersion.Version20, DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact };
        var answer = await http.GetAsync(new Uri("https://shop.localhost" + path, new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true }), TestContext.Current.CancellationToken);
        Assert.Equal((System.Net.HttpStatusCode.BadRequest, true), (answer.StatusCode, answer.Headers.Contains("X-Sluice-Error")));
        Assert.Empty(app.Requests);
    }

    [Theory]
    [InlineData("/a\u00ff")]
    [InlineData("/a\u010d\u010ab")]
    [InlineData("/a\r\nb")]
    [InlineData("http://shop.localhost/a\u0000")]
    public void An_address_that_holds_more_than_visible_ASCII_is_refused(string target)
    {
        var http = new DefaultHttpContext();
        Assert.Null(HeadRules.Refusal(http.Request));
        http.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget = target;
        Assert.NotNull(HeadRules.Refusal(http.Request));
    }

    [Fact]
    public async Task A_head_that_does_not_end_in_time_is_refused_with_a_sentence()
    {
        await using var router = await RouterUnderTest.StartAsync(new RouterLimits { Head = TimeSpan.FromMilliseconds(200) });
        var answer = await router.RawAsync("GET / HTTP/1.1\r\nHost: shop.", quiet: TimeSpan.FromSeconds(15));
        Assert.StartsWith("HTTP/1.1 408 ", answer, StringComparison.Ordinal);
        Assert.Contains("The head of this request took longer", answer);
    }

    [Fact]
    public async Task An_upgrade_to_h2c_is_not_passed_on()
    {
        await using var app = await Backend.SayingAsync("ok");
        await using var router = await RouterUnderTest.StartAsync();
        await router.RouteAsync(app.Target());
        var answer = await router.RawAsync("GET / HTTP/1.1\r\nHost: shop.localhost\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n");
        Assert.StartsWith("HTTP/1.1 200 ", answer, StringComparison.Ordinal);
        var seen = Assert.Single(app.Requests).Headers;
        Assert.DoesNotContain("Upgrade", seen.Keys);
        Assert.DoesNotContain("HTTP2-Settings", seen.Keys);
    }

    [Theory]
    [InlineData("0123456789-abcdefghij", true)]
    [InlineData("short", false)]
    [InlineData("0123456789 abcdefghij", false)]
    [InlineData("", false)]
    public void A_clients_request_id_is_kept_when_it_is_a_good_one(string given, bool kept) => Assert.Equal(kept, HeadRules.RequestId(given) == given);
}
