using Sluice.Apps;
using Sluice.Pipelines;
using Sluice.Tests.Storage;

namespace Sluice.Tests.Teams;

/// <summary>Refusals never name an app that the caller may not see: here those of acme that are locked, to a member.</summary>
public sealed class UnseenAppsTests
{
    private static readonly CancellationToken None = CancellationToken.None;

    [Theory, MemberData(nameof(TestDb.Both), MemberType = typeof(TestDb))]
    public async Task A_stage_that_is_not_removed_counts_the_apps_that_one_may_not_see(string kind)
    {
        await using var world = await TeamWorld.OpenAsync(kind);
        var stages = new StageList(world.Db, TimeProvider.System);
        var pipeline = await stages.AddAsync(world.AcmePipeline, "canary", new StagePlace(null, "staging"), world["admin"], None);
        foreach (var coupling in await world.Pipelines.CouplingsAsync(pipeline.Id, world["admin"], None))
            await world.Pipelines.MoveAsync(coupling, "canary", world["admin"], None);

        var refused = await Assert.ThrowsAsync<RefusedException>(() => stages.RemoveAsync(pipeline, "canary", world["member"], None));

        Assert.Contains("has apps: shop-dev, 2 that you may not see.", refused.Message);
    }

    [Theory, MemberData(nameof(TestDb.Both), MemberType = typeof(TestDb))]
    public async Task Who_owns_a_pipeline_learns_of_every_app_in_it_and_can_take_it_out(string kind)
    {
        await using var world = await TeamWorld.OpenAsync(kind);
        var (shop, pipelines) = (world.AcmePipeline, world.Pipelines);
        var mine = await world.AppAsync("members-own", null, isLocked: false, world["member"]);
        var place = await pipelines.AddAsync(shop, mine, "production", world["member"], None);

        Assert.DoesNotContain("members-own", (await pipelines.CouplingsAsync(shop.Id, world["admin"], None)).Select(c => c.AppName));
        Assert.Contains("members-own", (await pipelines.PlacesAsync(shop.Id, world["admin"], None)).Select(c => c.AppName));
        Assert.DoesNotContain("members-own", (await pipelines.PlacesAsync(shop.Id, world["viewer"], None)).Select(c => c.AppName));
        Assert.Null(await pipelines.PlaceAsync(place.Id, world["viewer"], None));
        Assert.Equal(RefusalKind.NotFound, (await Assert.ThrowsAsync<RefusedException>(() => pipelines.RemoveAsync(place, world["viewer"], None))).Kind);
        Assert.Contains("(sluice pipelines:info shop)", (await new Downstreams(pipelines, new EdgeTable(world.Db, TimeProvider.System), world.Lookup).OfAsync(world.All["shop-staging"], world["admin"], None)).WhyNot!);

        await pipelines.RemoveAsync((await pipelines.PlaceAsync(place.Id, world["admin"], None))!, world["admin"], None);

        Assert.Null(await pipelines.CouplingOfAsync(mine.Id, None));
    }

    [Fact]
    public async Task Nobody_stands_in_the_way_with_a_pipeline_of_the_same_name()
    {
        await using var world = await TeamWorld.OpenAsync("sqlite");
        var bait = await world.Pipelines.CreateAsync("news", world["eve"], None);
        var app = await world.AppAsync("eves-news", null, isLocked: false, world["eve"]);
        await world.Pipelines.AddAsync(bait, app, "staging", world["eve"], None);
        await world.Collaborators.AddAsync(app.Id, "ada@example.com", PermissionSet.Of(Permission.View), world["eve"], None);
        await Task.Delay(5, TestContext.Current.CancellationToken);
        var own = await world.Pipelines.CreateAsync("news", world["ada"], None);

        Assert.Equal(own.Id, (await world.Pipelines.GetAsync("news", Permission.Manage, world["ada"], None)).Id);
        await Assert.ThrowsAsync<RefusedException>(() => world.Pipelines.GetAsync(bait.Id.ToString(), Permission.Manage, world["ada"], None));
    }

    [Theory, MemberData(nameof(TestDb.Both), MemberType = typeof(TestDb))]
    public async Task A_chain_that_comes_back_is_told_without_names_that_one_may_not_see(string kind)
    {
        await using var world = await TeamWorld.OpenAsync(kind);
        var edges = new EdgeTable(world.Db, TimeProvider.System);
        var live = await world.AppAsync("shop-live", world.Acme, isLocked: false, world["admin"]);
        await edges.SetAsync(live, world.All["shop-staging"], world["admin"], None);
        await edges.SetAsync(world.All["shop-staging"], world.All["shop-dev"], world["admin"], None);

        var refused = await Assert.ThrowsAsync<RefusedException>(() => edges.SetAsync(world.All["shop-dev"], live, world["member"], None));

        Assert.Contains("shop-live ---> … ---> shop-dev", refused.Message);
        Assert.DoesNotContain("shop-staging", refused.Message);
    }
}
