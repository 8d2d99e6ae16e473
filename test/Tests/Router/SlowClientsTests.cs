using System.Net;
using System.Net.Sockets;
using System.Text;
using Sluice.Router;
using Sluice.Soak;

namespace Sluice.Tests.Router;

/// <summary>A short form of <c>./sluice bench --soak slow</c>.</summary>
public sealed class SlowClientsTests
{
    [Fact]
    public async Task Slow_heads_are_cut_and_slow_readers_wait_while_others_are_served()
    {
        var ct = TestContext.Current.CancellationToken;
        await using var dyno = new EchoDyno();
        await using var router = await RouterUnderTest.StartAsync(new RouterLimits { Head = TimeSpan.FromSeconds(1) });
        await router.RouteAsync(new Target(DynoId.New(), "web.1", "127.0.0.1", dyno.Port));
        await using var slow = new SlowClients(router.Port, "shop.localhost", slowHeads: 200, slowReaders: 50, TimeSpan.FromMilliseconds(100));
        await using var load = new SteadyLoad(router.Port, "shop.localhost", 50) { MostInFlight = 8 };
        for (var tries = 0; (slow.Cut < 200 || load.Sent < 100) && tries < 600; tries++)
            await Task.Delay(50, ct);
        await load.StopAsync();
        Assert.True(load.Failed == 0, string.Join('\n', load.Notes));
        Assert.True(slow.Cut >= 200 && load.Sent >= 100, $"{slow.Cut} cut, {slow.Refused} refused, {load.Sent} sent");
    }

    /// <summary>Neither the router's memory nor the kernel's is where an answer waits for a visitor who does not read.</summary>
    [Fact]
    public async Task An_answer_that_nobody_reads_waits_at_the_dyno()
    {
        var ct = TestContext.Current.CancellationToken;
        const int Whole = 64 << 20;
        using var dyno = new TcpListener(IPAddress.Loopback, 0);
        dyno.Start();
        await using var router = await RouterUnderTest.StartAsync();
        await router.RouteAsync(new Target(DynoId.New(), "web.1", "127.0.0.1", ((IPEndPoint)dyno.LocalEndpoint).Port));
        using var visitor = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { ReceiveBufferSize = 4096 };
        await visitor.ConnectAsync(IPAddress.Loopback, router.Port, ct);
        await visitor.SendAsync("GET / HTTP/1.1\r\nHost: shop.localhost\r\n\r\n"u8.ToArray(), ct);
        using var answering = await dyno.AcceptSocketAsync(ct);
        answering.SendBufferSize = 64 * 1024;
        await answering.ReceiveAsync(new byte[4096], ct);
        await answering.SendAsync(Encoding.ASCII.GetBytes($"HTTP/1.1 200 OK\r\nContent-Length: {Whole}\r\n\r\n"), ct);
        var (taken, piece) = (0, new byte[64 * 1024]);
        try
        {
            while (taken < Whole)
                taken += await answering.SendAsync(piece, ct).AsTask().WaitAsync(TimeSpan.FromSeconds(2), ct);
        }
        catch (TimeoutException)
        {
            // It waits: nobody takes more.
        }
        Assert.InRange(taken, 1, 1 << 20);
    }
}
