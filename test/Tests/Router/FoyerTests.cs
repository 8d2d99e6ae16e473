using System.Buffers;
using System.Net.Sockets;
using System.Text;
using Sluice.Router;

namespace Sluice.Tests.Router;

/// <summary>Where connections wait for the head of their first request.</summary>
public sealed class FoyerTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("G", false)]
    [InlineData("GET / HTTP/1.1\r\n", false)]
    [InlineData("GET / HTTP/1.1\r\nHost: a\r\n", false)]
    [InlineData("GET / HTTP/1.1\r\nHost: a\r\nX-Half", false)]
    [InlineData("GET / HTTP/1.1\r\nHost: a\r\n\r", false)]
    [InlineData("GET / HTTP/1.1\r\nHost: a\r\n\r\n", true)]
    [InlineData("POST / HTTP/1.0\r\nHost: a\r\n\r\nbody", true)]
    [InlineData("PRI * HTTP/2.0\r\n", true)]
    [InlineData("\r\n", true)]
    [InlineData("GET / HTTP/1.1\n", true)]
    [InlineData("GET /\r\n", true)]
    [InlineData("GET / HTTP/1.1\r\nHost: a\n", true)]
    [InlineData("GET / HTTP/1.1\r\nHost\r\n", true)]
    public void A_whole_head_goes_on_and_what_is_none_goes_on_at_once(string said, bool goesOn)
    {
        var bytes = Encoding.ASCII.GetBytes(said);
        Assert.Equal(goesOn, Foyer.IsForHttp(new ReadOnlySequence<byte>(bytes)));
        Assert.Equal(goesOn, Foyer.IsForHttp(Pieces(bytes)));
    }

    [Fact]
    public void A_head_of_8_KB_is_for_the_limits_of_HTTP()
    {
        var said = Encoding.ASCII.GetBytes($"GET /{new string('x', 8 * 1024)}");
        Assert.False(Foyer.IsForHttp(new ReadOnlySequence<byte>(said.AsMemory(0, (8 * 1024) - 1))));
        Assert.True(Foyer.IsForHttp(new ReadOnlySequence<byte>(said.AsMemory(0, 8 * 1024))));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Who_is_late_is_told_so_and_who_says_nothing_is_told_nothing(bool isTls)
    {
        await using var app = await Backend.SayingAsync("hello");
        await using var router = await RouterUnderTest.StartAsync(new RouterLimits { Head = TimeSpan.FromMilliseconds(300) });
        await router.RouteAsync(app.Target());
        foreach (var said in new[] { "", "GET / HTTP/1.1\r\nHost: shop" })
        {
            await using var stream = await (isTls ? router.TlsAsync("shop.localhost") : router.PlainAsync());
            await stream.WriteAsync(Encoding.ASCII.GetBytes(said), Ct);
            using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(20));
            var answer = await new StreamReader(stream).ReadToEndAsync(limit.Token);
            Assert.StartsWith(said.Length == 0 ? "" : "HTTP/1.1 408 Request Timeout\r\n", answer, StringComparison.Ordinal);
            Assert.Equal(said.Length == 0, answer.Length == 0);
        }
        Assert.Empty(app.Requests);
    }

    [Fact]
    public async Task With_too_many_the_one_who_has_waited_longest_goes_and_whoever_comes_is_served()
    {
        await using var app = await Backend.SayingAsync("hello");
        await using var router = await RouterUnderTest.StartAsync(new RouterLimits { Waiting = 2 });
        await router.RouteAsync(app.Target());
        var slow = new List<Stream>();
        try
        {
            for (var i = 0; i < 3; i++)
            {
                slow.Add(await router.PlainAsync());
                await slow[i].WriteAsync("GET / HTTP/1.1\r\nHost: shop.localhost\r\n"u8.ToArray(), Ct);
                // It is in before the next one comes.
                await RouterTests.UntilAsync(() => router.Host.Waiting >= Math.Min(i + 1, 2));
            }
            await RouterTests.ReadUntilAsync((NetworkStream)slow[0], "408 Request Timeout");
            foreach (var stream in slow.Skip(1))
            {
                await stream.WriteAsync("\r\n"u8.ToArray(), Ct);
                await RouterTests.ReadUntilAsync((NetworkStream)stream, "hello");
            }
        }
        finally
        {
            slow.ForEach(stream => stream.Dispose());
        }
    }

    private static ReadOnlySequence<byte> Pieces(byte[] bytes)
    {
        var first = new Piece(bytes.AsMemory(0, 1), null);
        var last = first;
        for (var i = 1; i < bytes.Length; i++)
            last = new Piece(bytes.AsMemory(i, 1), last);
        return new ReadOnlySequence<byte>(first, 0, last, 1);
    }

    private sealed class Piece : ReadOnlySequenceSegment<byte>
    {
        public Piece(ReadOnlyMemory<byte> memory, Piece? before)
        {
            Memory = memory;
            if (before is null)
                return;
            RunningIndex = before.RunningIndex + before.Memory.Length;
            before.Next = this;
        }
    }
}
