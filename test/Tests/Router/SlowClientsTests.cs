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
        await using var slow = new SlowClients(router.Port, "shop.localhost", slowHeads: 200, slowReaders: 50);
        await using var load = new SteadyLoad(router.Port, "shop.localhost", 50) { MostInFlight = 8 };
        for (var tries = 0; (slow.Cut < 200 || load.Sent < 100) && tries < 600; tries++)
            await Task.Delay(50, ct);
        await load.StopAsync();
        Assert.True(load.Failed == 0, string.Join('\n', load.Notes));
        Assert.True(slow.Cut >= 200 && load.Sent >= 100, $"{slow.Cut} cut, {slow.Refused} refused, {load.Sent} sent");
    }
}
