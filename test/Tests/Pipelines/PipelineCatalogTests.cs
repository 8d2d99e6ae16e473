using Sluice.Apps;
using Sluice.Pipelines;
using Sluice.Storage;
using Sluice.Tests.Releases;
using Sluice.Tests.Storage;

namespace Sluice.Tests.Pipelines;

public sealed class PipelineCatalogTests
{
    private static readonly CancellationToken None = CancellationToken.None;

    [Theory, MemberData(nameof(TestDb.Both), MemberType = typeof(TestDb))]
    public async Task A_pipeline_is_made_renamed_filled_emptied_and_destroyed(string kind)
    {
        await using var outside = await Outside.MakeAsync(kind);
        var world = new ReleaseWorld(outside);
        var (shop, ada) = (await world.AppAsync("shop"), ReleaseWorld.Ada);
        var made = await world.Pipelines.CreateAsync("first-name", ada, None);
        Assert.Equal(["review", "development", "staging", "production"], made.Stages);
        await world.Pipelines.RenameAsync(made, "shop", ada, None);
        var pipeline = await world.Pipelines.GetAsync("shop", Permission.Manage, ada, None);
        Assert.Equal((made.Id, "ada@localhost"), (pipeline.Id, pipeline.OwnerEmail));

        var coupling = await world.Pipelines.AddAsync(pipeline, shop, "staging", ada, None);
        Assert.Equal("staging", (await world.Pipelines.PlaceAsync(coupling.Id, ada, None))!.Stage);
        await world.Pipelines.MoveAsync(coupling, "production", ada, None);
        Assert.Equal(("shop", "production"), (await world.Pipelines.CouplingOfAsync(shop.Id, None)) is { } c ? (c.PipelineName, c.Stage) : default);
        Assert.Single(await world.Pipelines.CouplingsAsync(pipeline.Id, ada, None));

        await world.Pipelines.RemoveAsync(coupling, ada, None);
        Assert.Null(await world.Pipelines.CouplingOfAsync(shop.Id, None));
        await world.Pipelines.AddAsync(pipeline, shop, "review", ada, None);
        await world.Pipelines.DestroyAsync(pipeline, ada, None);
        Assert.Null(await world.Pipelines.FindAsync(pipeline.Id, None));
        Assert.Null(await world.Pipelines.CouplingOfAsync(shop.Id, None));
        Assert.NotNull(await world.Apps.FindAsync(shop.Id, None));
        Assert.Empty(await new PipelineList(outside.Records.Db).PageAsync(Slice.First(10), ada, None));
    }

    [Theory, MemberData(nameof(TestDb.Both), MemberType = typeof(TestDb))]
    public async Task An_app_is_in_one_stage_of_one_pipeline(string kind)
    {
        await using var outside = await Outside.MakeAsync(kind);
        var world = new ReleaseWorld(outside);
        var (shop, ada) = (await world.AppAsync("shop"), ReleaseWorld.Ada);
        var (one, two) = (await world.Pipelines.CreateAsync("one", ada, None), await world.Pipelines.CreateAsync("two", ada, None));
        await world.Pipelines.AddAsync(one, shop, "staging", ada, None);
        var refused = await Assert.ThrowsAsync<RefusedException>(() => world.Pipelines.AddAsync(two, shop, "staging", ada, None));
        Assert.Equal("shop is already in pipeline one, in stage staging: remove it there first, or update its stage.", refused.Message);
        Assert.Empty(await world.Pipelines.CouplingsAsync(two.Id, ada, None));
    }

    [Fact]
    public async Task A_stage_that_a_pipeline_lacks_is_refused_with_those_it_has()
    {
        await using var outside = await Outside.MakeAsync();
        var world = new ReleaseWorld(outside);
        var shop = await world.AppAsync("shop");
        var pipeline = await world.Pipelines.CreateAsync("shop", ReleaseWorld.Ada, None);
        var refused = await Assert.ThrowsAsync<RefusedException>(() => world.Pipelines.AddAsync(pipeline, shop, "canary", ReleaseWorld.Ada, None));
        Assert.Equal("Pipeline shop has no stage canary; it has review, development, staging, production.", refused.Message);
    }

    [Fact]
    public async Task Names_need_not_be_unique_and_the_oldest_comes_first()
    {
        await using var outside = await Outside.MakeAsync();
        var world = new ReleaseWorld(outside);
        await world.AccountAsync();
        var first = await world.Pipelines.CreateAsync("shop", ReleaseWorld.Ada, None);
        await Task.Delay(5);
        var second = await world.Pipelines.CreateAsync("shop", ReleaseWorld.Ada, None);
        Assert.Equal([first.Id, second.Id], (await world.Pipelines.NamedAsync("shop", ReleaseWorld.Ada, None)).Select(p => p.Id));
    }
}
