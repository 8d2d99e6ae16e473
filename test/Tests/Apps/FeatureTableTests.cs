using Sluice.Apps;
using Sluice.Tests.Accounts;
using Sluice.Tests.Storage;

namespace Sluice.Tests.Apps;

public sealed class FeatureTableTests
{
    private static readonly CancellationToken None = CancellationToken.None;

    public static TheoryData<string> Both => TestDb.Both;

    [Theory, MemberData(nameof(Both))]
    public async Task A_feature_is_on_where_it_was_turned_on_and_nowhere_else(string kind)
    {
        await using var world = await World.OpenAsync(kind);
        var features = new FeatureTable(world.Db, world.Clock);
        var shop = await world.Apps.CreateAsync("shop", null, world.Admin, (_, _) => { }, None);
        var blog = await world.Apps.CreateAsync("blog", null, world.Admin, (_, _) => { }, None);
        var metadata = (await features.ListAsync(shop.Id, None)).Single(f => f.Feature.Name == Feature.DynoMetadata);
        Assert.False(metadata.IsEnabled);
        await features.SetAsync(metadata, shop.Id, true, world.Admin, None);
        Assert.True(await features.IsEnabledAsync(shop.Id, Feature.DynoMetadata, None));
        Assert.False(await features.IsEnabledAsync(blog.Id, Feature.DynoMetadata, None));
        await features.SetAsync(metadata with { IsEnabled = true }, shop.Id, false, world.Admin, None);
        Assert.False(await features.IsEnabledAsync(shop.Id, Feature.DynoMetadata, None));
    }

    [Fact]
    public async Task What_is_how_Sluice_works_is_on_and_stays_on()
    {
        await using var world = await World.OpenAsync("sqlite");
        var features = new FeatureTable(world.Db, world.Clock);
        var shop = await world.Apps.CreateAsync("shop", null, world.Admin, (_, _) => { }, None);
        var preboot = (await features.ListAsync(shop.Id, None)).Single(f => f.Feature.IsFixed);
        Assert.True(preboot.IsEnabled);
        Assert.Contains("cannot be turned off", (await Assert.ThrowsAsync<RefusedException>(() => features.SetAsync(preboot, shop.Id, false, world.Admin, None))).Message);
    }
}
