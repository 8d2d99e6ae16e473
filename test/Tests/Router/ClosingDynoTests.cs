using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Sluice.Tests.Router;

/// <summary>Requests that meet a connection which their dyno is just closing: none is lost that may be sent again, and none is done twice that may not.</summary>
public sealed class ClosingDynoTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Of_thousands_of_POSTs_to_a_dyno_that_closes_behind_each_answer_none_is_lost_and_none_is_done_twice()
    {
        const int Lanes = 8, Each = 250;
        var done = new ConcurrentDictionary<string, int>();
        await using var app = new Script(async (number, stream) =>
        {
            while (await Script.HeadAsync(stream) is { } head)
            {
                done.AddOrUpdate(head.Split(' ')[1], 1, (_, before) => before + 1);
                await stream.ReadExactlyAsync(new byte[3]);
                await stream.WriteAsync("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"u8.ToArray());
                // Says nothing of it, and at another moment each time: before, with and after the next request.
                if (number % 4 == 0)
                    continue;
                for (var start = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(start) < TimeSpan.FromMicroseconds(number % 8 * 40);)
                    Thread.SpinWait(10);
                return;
            }
        });
        await using var router = await RouterUnderTest.StartAsync();
        await router.RouteAsync(app.Target());
        using var http = router.Http();
        await Task.WhenAll(Enumerable.Range(0, Lanes).Select(async lane =>
        {
            for (var i = 0; i < Each; i++)
            {
                using var answer = await http.PostAsync($"http://shop.localhost/{lane}.{i}", new StringContent("pay"), Ct);
                Assert.Equal("ok", await answer.Content.ReadAsStringAsync(Ct));
            }
        }));
        Assert.Equal(Lanes * Each, done.Count);
        Assert.All(done, times => Assert.Equal(1, times.Value));
    }

    [Fact]
    public async Task A_POST_that_the_dyno_may_have_read_is_not_sent_again_and_a_PUT_is_with_its_body()
    {
        var (kept, seen) = (new TaskCompletionSource(), new ConcurrentQueue<string>());
        await using var app = new Script(async (number, stream) =>
        {
            for (var request = 1; await Script.HeadAsync(stream) is { } head; request++)
            {
                var body = head.Contains("Content-Length: 3", StringComparison.Ordinal) ? new byte[3] : [];
                await stream.ReadExactlyAsync(body);
                seen.Enqueue($"{number}.{request} {head.Split(' ')[0]} {Encoding.ASCII.GetString(body)}");
                if (number is 2 or 3 && request == 2)
                    return;   // without a word
                await stream.WriteAsync("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"u8.ToArray());
            }
            kept.TrySetResult();
        });
        await using var router = await RouterUnderTest.StartAsync();
        await router.RouteAsync(app.Target());
        using var http = router.Http();
        Assert.Equal("ok", await http.GetStringAsync("http://shop.localhost/", Ct));
        await kept.Task.WaitAsync(TimeSpan.FromSeconds(20), Ct);   // the router closed it, and now trusts those of this dyno
        Assert.Equal("ok", await http.GetStringAsync("http://shop.localhost/", Ct));
        Assert.Equal("H13", Assert.Single((await http.PostAsync("http://shop.localhost/", new StringContent("pay"), Ct)).Headers.GetValues("X-Sluice-Error")));
        Assert.Equal("ok", await http.GetStringAsync("http://shop.localhost/", Ct));
        Assert.Equal(HttpStatusCode.OK, (await http.PutAsync("http://shop.localhost/", new StringContent("put"), Ct)).StatusCode);
        Assert.Equal(["1.1 GET ", "2.1 GET ", "2.2 POST pay", "3.1 GET ", "3.2 PUT put", "4.1 PUT put"], seen);
    }

    /// <summary>What comes in pieces is put together for the second time; what is too much to be kept is not sent again.</summary>
    [Theory]
    [InlineData(3, "200")]
    [InlineData(100_000, "503")]
    public async Task A_body_in_chunks_is_sent_again_while_it_is_short(int piece, string status)
    {
        var bodies = new ConcurrentQueue<string>();
        var hasFirst = new TaskCompletionSource();
        await using var app = new Script(async (number, stream) =>
        {
            for (var request = 1; await Script.HeadAsync(stream) is { } head; request++)
            {
                if (head.StartsWith("PUT", StringComparison.Ordinal))
                {
                    var chunks = new StringBuilder();
                    var buffer = new byte[4096];
                    while (!chunks.ToString().EndsWith(number == 1 ? "\r\n" : "0\r\n\r\n", StringComparison.Ordinal) && chunks.Length < 50_000)
                        chunks.Append(Encoding.ASCII.GetString(buffer, 0, await stream.ReadAsync(buffer)));
                    hasFirst.TrySetResult();
                    if (number == 1)
                        return;
                    bodies.Enqueue(chunks.ToString());
                }
                await stream.WriteAsync("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"u8.ToArray());
            }
        });
        await using var router = await RouterUnderTest.StartAsync();
        await router.RouteAsync(app.Target());
        using var http = router.Http();
        Assert.Equal("ok", await http.GetStringAsync("http://shop.localhost/", Ct));
        await using var stream = await router.PlainAsync();
        var text = new string('x', piece);
        await stream.WriteAsync(Encoding.ASCII.GetBytes($"PUT / HTTP/1.1\r\nHost: shop.localhost\r\nTransfer-Encoding: chunked\r\n\r\n{piece:x}\r\n{text}\r\n"), Ct);
        await hasFirst.Task.WaitAsync(TimeSpan.FromSeconds(20), Ct);
        if (piece < 50_000)
            await stream.WriteAsync("2\r\nyz\r\n0\r\n\r\n"u8.ToArray(), Ct);
        await RouterTests.ReadUntilAsync((NetworkStream)stream, $"HTTP/1.1 {status} ");
        Assert.Equal(status == "200" ? ["xxxyz"] : [], bodies.Select(Unchunked));
    }

    private static string Unchunked(string chunks)
    {
        var body = new StringBuilder();
        for (var rest = chunks; rest.Split("\r\n")[0] is var size && Convert.ToInt32(size, 16) is > 0 and var length; rest = rest[(size.Length + length + 4)..])
            body.Append(rest, size.Length + 2, length);
        return body.ToString();
    }
}
