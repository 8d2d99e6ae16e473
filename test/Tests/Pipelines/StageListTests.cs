using System.Collections.Immutable;
using Sluice.Pipelines;
using Sluice.Tests.Releases;
using Sluice.Tests.Storage;

namespace Sluice.Tests.Pipelines;

public sealed class StageListTests
{
    private static readonly CancellationToken None = CancellationToken.None;
    private static readonly ImmutableArray<string> Four = Stages.Default;

    private static ImmutableArray<string> Add(string name, string? before = null, string? after = null) => StageList.WithAdded("shop", Four, name, new StagePlace(before, after));

    private static string WhyNot(Func<ImmutableArray<string>> change) => Assert.Throws<RefusedException>(() => _ = change()).Message;

    [Fact]
    public void A_stage_is_put_before_or_after_another()
    {
        Assert.Equal(["review", "development", "staging", "canary", "production"], Add("canary", after: "staging"));
        Assert.Equal(["review", "development", "staging", "canary", "production"], Add("canary", before: "production"));
        Assert.Equal("archive", Add("archive", after: "production")[^1]);
    }

    [Fact]
    public void A_stage_of_ones_own_moves_anywhere_but_to_the_front()
    {
        var stages = Add("canary", after: "staging");
        Assert.Equal("canary", StageList.WithMoved("shop", stages, "canary", new StagePlace(null, "review"))[1]);
        Assert.Contains("Nothing comes before review", WhyNot(() => StageList.WithMoved("shop", stages, "canary", new StagePlace("review", null))));
        Assert.Contains("beside itself", WhyNot(() => StageList.WithMoved("shop", stages, "canary", new StagePlace("canary", null))));
    }

    [Fact]
    public void The_standard_stages_stay() => Assert.Contains(
        "Stage staging cannot be moved", WhyNot(() => StageList.WithMoved("shop", Four, "staging", new StagePlace("development", null))));

    [Fact]
    public void All_faults_are_told_together()
    {
        var refused = WhyNot(() => Add("Canary!", after: "nowhere"));
        Assert.Contains("A stage's name has 2 to 30 characters", refused);
        Assert.Contains("Pipeline shop has no stage nowhere; it has review, development, staging, production.", refused);
    }

    [Theory, InlineData("staging", "has a stage staging already"), InlineData("test", "kept for test runs"), InlineData("a", "2 to 30"), InlineData("canary\n", "2 to 30")]
    public void Names_that_are_no_good_are_refused(string name, string why) => Assert.Contains(why, WhyNot(() => Add(name, after: "staging")));

    [Fact]
    public void A_place_is_before_or_after()
    {
        Assert.Contains("before one stage, or after one", WhyNot(() => Add("canary")));
        Assert.Contains("before one stage, or after one", WhyNot(() => Add("canary", "staging", "staging")));
    }

    [Fact]
    public void A_pipeline_has_twenty_stages_at_most()
    {
        var stages = Four;
        for (var i = 0; i < StageList.Most - Four.Length; i++)
            stages = StageList.WithAdded("shop", stages, $"more-{i}", new StagePlace(null, "review"));
        Assert.Contains("20 stages at most", WhyNot(() => StageList.WithAdded("shop", stages, "last", new StagePlace(null, "review"))));
    }

    [Theory, MemberData(nameof(TestDb.Both), MemberType = typeof(TestDb))]
    public async Task A_stage_with_apps_is_not_removed_and_they_are_named(string kind)
    {
        await using var outside = await Outside.MakeAsync(kind);
        var world = new ReleaseWorld(outside);
        var (one, two) = (await world.AppAsync("shop-one"), await world.AppAsync("shop-two"));
        var pipeline = await world.Pipelines.CreateAsync("shop", ReleaseWorld.Ada, None);
        pipeline = await world.Stages.AddAsync(pipeline, "canary", new StagePlace(null, "staging"), ReleaseWorld.Ada, None);
        var coupled = await world.Pipelines.AddAsync(pipeline, one, "canary", ReleaseWorld.Ada, None);
        await world.Pipelines.AddAsync(pipeline, two, "canary", ReleaseWorld.Ada, None);
        var refused = await Assert.ThrowsAsync<RefusedException>(() => world.Stages.RemoveAsync(pipeline, "canary", ReleaseWorld.Ada, None));
        Assert.Contains("has apps: shop-one, shop-two.", refused.Message);
        foreach (var coupling in await world.Pipelines.CouplingsAsync(pipeline.Id, ReleaseWorld.Ada, None))
            await world.Pipelines.MoveAsync(coupling, "staging", ReleaseWorld.Ada, None);
        Assert.Equal(Four, (await world.Stages.RemoveAsync(pipeline, "canary", ReleaseWorld.Ada, None)).Stages);
        Assert.Equal(Four, (await world.Pipelines.FindAsync(pipeline.Id, None))!.Stages);
        refused = await Assert.ThrowsAsync<RefusedException>(() => world.Pipelines.MoveAsync(coupled, "canary", ReleaseWorld.Ada, None));
        Assert.Contains("has no stage canary", refused.Message);
        refused = await Assert.ThrowsAsync<RefusedException>(() => world.Stages.RemoveAsync(pipeline, "canary", ReleaseWorld.Ada, None));
        Assert.Contains("has no stage canary", refused.Message);
    }
}
