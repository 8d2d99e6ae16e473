using Sluice.Soak;

namespace Sluice.Tests.EndToEnd;

/// <summary>Short forms of <c>./sluice bench --soak promotions deploys restarts neighbours</c>: whatever happens to the platform, nobody who looks at an app notices.</summary>
[Collection<SharedShop>]
public sealed class UnderLoadTests(TwoVersions shop)
{
    private const double PerSecond = 60;

    /// <summary>The machine may be too busy with other tests to keep up: who waits for an answer asks for no other.</summary>
    private const int AtOnce = 8;
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Promotions_lose_no_request_and_nothing_old_answers_after_succeeded()
    {
        await using var load = Load("shop", TwoVersions.TextOf(2), TwoVersions.TextOf(3));
        var promotions = new Promotions(shop.Client, load, "shop-staging", "shop", (3, TwoVersions.TextOf(3)), (2, TwoVersions.TextOf(2)));
        await promotions.RunAsync(3, Ct);
        await SeesNothingAsync(load, promotions.Faults);
        await shop.AssertWholeAsync();
    }

    [Fact]
    public async Task A_deploy_loses_no_request_and_nothing_old_answers_after_the_push()
    {
        await using var load = Load("shop-staging");
        await shop.Keeper.EditAsync("server.js", text => TwoVersions.Say(text, "third version"));
        await shop.Keeper.CommitAsync("The third version");
        await shop.Keeper.PushAsync("staging");
        load.Expect("third version");
        await Task.Delay(300, Ct);   // for requests that are judged by it
        await SeesNothingAsync(load, []);
    }

    [Fact]
    public async Task Restarts_of_server_agent_and_router_lose_no_request_and_no_dyno()
    {
        await using var load = Load("shop", TwoVersions.TextOf(2), TwoVersions.TextOf(3));
        var restarts = new Restarts(shop.Keeper.Sluice.Data, shop.Keeper.Sluice.Address, shop.Client, "shop", sandboxes: 2);
        await restarts.RunAsync(1, Ct);
        await SeesNothingAsync(load, restarts.Faults);
        Assert.Equal(3, restarts.Done);
        await shop.AssertWholeAsync();
    }

    [Fact]
    public async Task Five_apps_that_take_all_they_can_get_cost_their_neighbour_no_request()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "Limits need root.");
        await HostileApps.StartAsync(shop.Client, Ct);
        try
        {
            await using var load = Load("shop", TwoVersions.TextOf(2), TwoVersions.TextOf(3));
            await Task.Delay(2_000, Ct);
            await SeesNothingAsync(load, []);
        }
        finally
        {
            await HostileApps.StopAsync(shop.Client, CancellationToken.None);
        }
        await shop.AssertWholeAsync();
    }

    private SteadyLoad Load(string app, params string[] expected) => new(shop.Keeper.Sluice.Address.Port, $"{app}.localhost", PerSecond, expected) { MostInFlight = AtOnce };

    private async Task SeesNothingAsync(SteadyLoad load, IReadOnlyCollection<string> faults)
    {
        await load.StopAsync();
        Assert.True(load.Failed + load.Wrong + faults.Count == 0,
            $"{load.Failed} failed, {load.Wrong} wrong of {load.Sent}\n{string.Join('\n', load.Notes.Concat(faults))}\n{shop.Keeper.Sluice.Said}");
        Assert.True(load.Sent > 5, $"only {load.Sent} requests");
    }
}
