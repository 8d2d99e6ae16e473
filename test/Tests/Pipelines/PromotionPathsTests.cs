using System.Collections.Immutable;
using Sluice.Pipelines;

namespace Sluice.Tests.Pipelines;

public sealed class PromotionPathsTests
{
    private static readonly AppId Dev = AppId.New(), Staging = AppId.New(), Eu = AppId.New(), Us = AppId.New(), Canary = AppId.New(), Stranger = AppId.New();

    private static readonly PromotionPaths Shop = new("shop", Stages.Default,
        [new(Dev, "shop-dev", "development"), new(Staging, "shop-staging", "staging"), new(Eu, "shop-eu", "production"), new(Us, "shop-us", "production")]);

    private static readonly PromotionPaths NoStaging = Shop with { Apps = [.. Shop.Apps.Where(a => a.App != Staging)] };

    private static readonly PromotionPaths WithCanary = new("shop", ["review", "development", "staging", "canary", "production"],
        [.. Shop.Apps, new(Canary, "shop-canary", "canary")]);

    private static string? WhyNot(PromotionPaths paths, AppId from, AppId to, bool skip = false) =>
        paths.WhyNot(from, paths.Apps.FirstOrDefault(a => a.App == to) ?? new PlacedApp(to, "stranger", ""), skip);

    [Fact]
    public void Staging_promotes_to_every_production_app() => Assert.Equal([Eu, Us], Shop.DownstreamOf(Staging));

    [Fact]
    public void Development_promotes_to_staging_alone() => Assert.Equal([Staging], Shop.DownstreamOf(Dev));

    [Fact]
    public void An_app_gets_its_slugs_from_the_nearest_stage_before_it_and_from_those_that_name_it()
    {
        Assert.Equal([Staging], Shop.UpstreamOf(Eu));
        Assert.Equal([Dev], NoStaging.UpstreamOf(Eu));
        Assert.Empty(Shop.UpstreamOf(Dev));
        Assert.Equal([Dev, Staging], (Shop with { Edges = ImmutableDictionary<AppId, AppId>.Empty.Add(Dev, Us) }).UpstreamOf(Us));
    }

    [Fact]
    public void An_empty_next_stage_is_not_skipped()
    {
        Assert.Empty(NoStaging.DownstreamOf(Dev));
        Assert.Equal(
            "shop-dev goes nowhere by itself: stage staging, the one after development, is empty. Put an app into it (pipelines:add shop), or name the apps (--to APP).",
            NoStaging.WhyNowhere(Dev));
    }

    [Fact]
    public void Review_is_a_stage_as_any_other()
    {
        var review = AppId.New();
        Assert.Equal([Dev], (Shop with { Apps = [.. Shop.Apps, new(review, "shop-pr-7", "review")] }).DownstreamOf(review));
    }

    [Fact]
    public void The_last_stage_promotes_nowhere()
    {
        Assert.Empty(Shop.DownstreamOf(Eu));
        Assert.Equal("shop-eu goes nowhere by itself: production is the last stage of pipeline shop. Name the apps (--to APP).", Shop.WhyNowhere(Eu));
    }

    [Fact]
    public void An_app_outside_promotes_nowhere() => Assert.Empty(Shop.DownstreamOf(Stranger));

    [Fact]
    public void A_stage_that_was_put_between_is_the_next_one() => Assert.Equal([Canary], WithCanary.DownstreamOf(Staging));

    [Fact]
    public void A_later_stage_and_the_same_stage_may_be_named()
    {
        Assert.Null(WhyNot(Shop, Dev, Eu));
        Assert.Null(WhyNot(Shop, Eu, Us));
    }

    [Fact]
    public void An_earlier_stage_may_not() => Assert.Contains("comes before production", WhyNot(Shop, Eu, Staging));

    [Fact]
    public void An_app_may_not_be_promoted_to_itself() => Assert.Equal("shop-eu cannot be promoted to itself.", WhyNot(Shop, Eu, Eu));

    [Fact]
    public void An_app_of_another_pipeline_may_not() => Assert.Equal("stranger is not in pipeline shop: add it there first.", WhyNot(Shop, Dev, Stranger));

    [Fact]
    public void A_stage_that_was_put_between_is_not_passed_by_unasked()
    {
        Assert.Contains("would skip canary", WhyNot(WithCanary, Staging, Eu));
        Assert.Null(WhyNot(WithCanary, Staging, Eu, skip: true));
        Assert.Null(WhyNot(WithCanary with { Apps = Shop.Apps }, Staging, Eu));
    }

    [Theory, InlineData("review", "review"), InlineData("canary", "staging"), InlineData("production", "production")]
    public void Clients_see_the_standard_stage_before_one_of_our_own(string stage, string onTheWire) => Assert.Equal(onTheWire, Stages.OnTheWire(WithCanary.Stages, stage));

    [Theory, InlineData("shop", true), InlineData("a-1", true), InlineData("ab", false), InlineData("Shop", false), InlineData("1shop", false), InlineData("shop\n", false)]
    [InlineData("a23456789012345678901234567890", true), InlineData("a234567890123456789012345678901", false), InlineData("", false)]
    public void Names_are_as_Herokus(string name, bool good) => Assert.Equal(good, !Pipeline.NameFaults(name).Any());
}
