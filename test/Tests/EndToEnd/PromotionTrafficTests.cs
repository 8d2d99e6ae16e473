namespace Sluice.Tests.EndToEnd;

/// <summary>Promotions under steady traffic, over the whole of a real Sluice.</summary>
[Collection<SharedShop>]
public sealed class PromotionTrafficTests(TwoVersions shop)
{
    private const int Promotions = 12;

    [Fact]
    public async Task Promotions_lose_no_request_and_nothing_old_answers_after_succeeded()
    {
        await using var visitors = new Visitors(shop.Keeper.Sluice.Address, "shop");
        for (var i = 0; i < Promotions; i++)
        {
            var release = i % 2 == 0 ? 3 : 2;
            await shop.PromoteAsync(release);
            for (var visit = 0; visit < 5; visit++)
                Assert.Contains(TwoVersions.TextOf(release), await shop.Keeper.VisitAsync("shop"), StringComparison.Ordinal);
        }
        await visitors.StopAsync();
        Assert.Empty(visitors.Lost);
        Assert.True(visitors.Visits > 20);
        await shop.AssertWholeAsync();
    }
}
