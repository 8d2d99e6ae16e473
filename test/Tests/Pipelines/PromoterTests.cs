using Sluice.Accounts;
using Sluice.Apps;
using Sluice.Pipelines;
using Sluice.Releases;
using Sluice.Runtime;
using Sluice.Storage;
using Sluice.Tests.Dynos;
using Sluice.Tests.Releases;
using Sluice.Tests.Storage;

namespace Sluice.Tests.Pipelines;

public sealed class PromoterTests : IAsyncDisposable
{
    private const string Sha = "0f0a53b1111111111111111111111111111111111";
    private static readonly CancellationToken None = CancellationToken.None;
    private static readonly Principal Ada = ReleaseWorld.Ada;
    private Outside outside = null!;
    private ReleaseWorld world = null!;
    private Pipeline pipeline = null!;
    private App staging = null!, eu = null!, us = null!;

    private async Task StartAsync(string kind = "sqlite")
    {
        outside = await Outside.MakeAsync(kind);
        world = await new ReleaseWorld(outside).StartAsync();
        (staging, eu, us) = (await world.AppAsync("shop-staging"), await world.AppAsync("shop-eu"), await world.AppAsync("shop-us"));
        pipeline = await world.Pipelines.CreateAsync("shop", Ada, None);
        await world.Pipelines.AddAsync(pipeline, staging, "staging", Ada, None);
        await world.Pipelines.AddAsync(pipeline, eu, "production", Ada, None);
        await world.Pipelines.AddAsync(pipeline, us, "production", Ada, None);
    }

    public async ValueTask DisposeAsync()
    {
        if (world is not null)
            await world.DisposeAsync();
        if (outside is not null)
            await outside.DisposeAsync();
    }

    private async Task<Promotion> PromoteAsync(PromotionRequest request)
    {
        var promotion = await world.Promoter.PromoteAsync(request, Ada, None);
        return await world.Promoter.EndOfAsync(promotion.Id, None).WaitAsync(TimeSpan.FromSeconds(30));
    }

    private PromotionRequest Downstream => new(null, staging.Id, null, []);

    [Theory, MemberData(nameof(TestDb.Both), MemberType = typeof(TestDb))]
    public async Task Every_downstream_app_gets_the_same_slug_with_its_own_config(string kind)
    {
        await StartAsync(kind);
        await world.SetAsync(staging, "NAME", "staging");
        await world.SetAsync(eu, "NAME", "eu");
        var deployed = await world.DeployAsync(staging, Sha, "web: w");
        var promotion = await PromoteAsync(Downstream);
        Assert.Equal("completed", promotion.Status);
        Assert.Equal([eu.Id, us.Id], promotion.Targets.Select(t => t.App));
        Assert.All(promotion.Targets, t => Assert.Equal(("succeeded", null), (t.Status, t.ErrorMessage)));
        foreach (var app in new[] { eu, us })
        {
            var current = (await world.Ledger.CurrentAsync(app.Id, None))!;
            Assert.Equal(deployed.Slug, current.Slug);
            Assert.Equal("Promote shop-staging v3 0f0a53b", current.Description);
            Assert.Single(outside.Router.RouteOf(app.Id)!.Targets);
        }
        Assert.Equal("eu", outside.Runtime.Started.Single(s => s.App == eu.Id).Env["NAME"]);
        Assert.DoesNotContain("NAME", outside.Runtime.Started.Single(s => s.App == us.Id).Env);
    }

    /// <summary>What is told beforehand is what a promotion that names no apps does: by stage, at an empty stage, at the last one, along an edge.</summary>
    [Theory, MemberData(nameof(TestDb.Both), MemberType = typeof(TestDb))]
    public async Task Where_an_app_is_said_to_promote_to_is_where_its_promotion_goes(string kind)
    {
        await StartAsync(kind);
        var (review, alone, elsewhere) = (await world.AppAsync("shop-pr-7"), await world.AppAsync("alone"), await world.AppAsync("elsewhere"));
        await world.Pipelines.AddAsync(pipeline, review, "review", Ada, None);
        App[] sources = [staging, eu, review, alone];
        foreach (var source in sources)
            await world.DeployAsync(source, Sha, "web: w");
        await AgreeAsync("shop-staging: shop-eu shop-us", "shop-eu:", "shop-pr-7:", "alone:");
        Assert.Contains("stage development, the one after review, is empty", (await world.Downstreams.OfAsync(review, Ada, None)).WhyNot);

        await world.Edges.SetAsync(staging, elsewhere, Ada, None);
        await world.Edges.SetAsync(alone, eu, Ada, None);
        await world.Pipelines.AddAsync(pipeline, elsewhere, "development", Ada, None);
        await AgreeAsync("shop-staging: elsewhere", "shop-eu:", "shop-pr-7: elsewhere", "alone: shop-eu");

        async Task AgreeAsync(params string[] said)
        {
            foreach (var (source, line) in sources.Zip(said))
            {
                var told = await world.Downstreams.OfAsync(source, Ada, None);
                Assert.Equal(line, $"{source.Name}:{string.Concat(told.Apps.Select(a => " " + a.Name))}");
                if (told.WhyNot is { } why)
                    Assert.Equal(why, (await Assert.ThrowsAsync<RefusedException>(() => world.Promoter.PromoteAsync(new(null, source.Id, null, []), Ada, None))).Message);
                else
                    Assert.Equal(told.Apps.Select(a => a.Id).ToHashSet(), (await PromoteAsync(new(null, source.Id, null, []))).Targets.Select(t => t.App).ToHashSet());
            }
        }
    }

    [Fact]
    public async Task A_slug_that_is_not_whole_is_refused_by_its_release_and_nothing_is_begun()
    {
        await StartAsync();
        var whole = await world.DeployAsync(staging, Sha, "web: w");
        var damaged = await world.DeployAsync(staging, "2222222222222222222222222222222222222222", "web: w");
        world.Lacking[damaged.Slug!.Value] = "is damaged on this machine at server.js. Build it again.";

        var refused = await Assert.ThrowsAsync<RefusedException>(() => world.Promoter.PromoteAsync(Downstream, Ada, None));

        Assert.Equal($"v{damaged.Version} of shop-staging cannot be promoted: its slug is damaged on this machine at server.js. Build it again.", refused.Message);
        Assert.Equal(1, (await world.Ledger.CurrentAsync(eu.Id, None))?.Version ?? 1);
        Assert.Empty(await world.Db.ListAsync($"SELECT id FROM promotions", row => row.Guid("id"), None));
        Assert.Equal("completed", (await PromoteAsync(Downstream with { Release = whole.Id })).Status);
    }

    [Theory, MemberData(nameof(TestDb.Both), MemberType = typeof(TestDb))]
    public async Task A_target_is_told_when_the_machine_has_other_packages_than_the_build_had(string kind)
    {
        await StartAsync(kind);
        var slug = await world.SlugAsync(staging, Sha, "web: w");
        await world.Db.WriteAsync(new Act("slug.create", slug.ToString()), tx => tx.Execute($"UPDATE slugs SET host_packages = 'as it was' WHERE id = {slug}"), None);
        await world.EndOfAsync(await world.Ledger.AddAsync(new ReleaseRequest.Deploy(staging.Id, Ada.Account, null, slug), None));
        var noted = (await PromoteAsync(Downstream)).Targets;
        Assert.All(noted, t => Assert.Equal("This slug was built when the machine had other packages. If it does not run here, build it again.", t.Note));
        await world.DeployAsync(staging, "2222222222222222222222222222222222222222", "web: w");
        Assert.All((await PromoteAsync(Downstream)).Targets, t => Assert.Null(t.Note));

        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        await foreach (var line in world.AppLogs.TailAsync(eu.Id, 0, Sluice.Logs.LogFilter.All, limit.Token))
        {
            if (line.Text == "This slug was built when the machine had other packages. If it does not run here, build it again.")
                return;
        }
    }

    [Fact]
    public async Task A_target_that_fails_does_not_hold_up_the_others()
    {
        await StartAsync();
        await world.DeployAsync(staging, Sha, "web: w");
        outside.Runtime.Fates = start => start.App == eu.Id ? ScriptedRuntime.Fate.Crash : ScriptedRuntime.Fate.Up;
        var promotion = await PromoteAsync(Downstream);
        Assert.Equal(["failed", "succeeded"], promotion.Targets.Select(t => t.Status));
        Assert.Equal("web.1 crashed while it booted: exited with status 1. The app's log shows what it said.", promotion.Targets[0].ErrorMessage);
    }

    [Fact]
    public async Task A_release_command_that_fails_on_one_target_fails_that_target()
    {
        await StartAsync();
        await world.DeployAsync(staging, Sha, "web: w", "release: migrate");
        outside.Runtime.OneOffs = (run, _, _) => Task.FromResult(new SandboxExit(run.App == us.Id ? 1 : 0, false, false));
        var promotion = await PromoteAsync(Downstream);
        Assert.Equal(["succeeded", "failed"], promotion.Targets.Select(t => t.Status));
    }

    [Fact]
    public async Task A_promotion_costs_at_most_ten_commits()
    {
        await StartAsync();
        await world.DeployAsync(staging, Sha, "web: w", "release: migrate");
        var before = world.Db.Writes;
        await PromoteAsync(Downstream with { Targets = [eu.Id] });
        Assert.InRange(world.Db.Writes - before, 3, 10);
    }

    [Fact]
    public async Task The_release_that_was_looked_at_is_promoted_whatever_the_app_runs_by_now()
    {
        await StartAsync();
        var looked = await world.DeployAsync(staging, Sha, "web: w");
        await world.DeployAsync(staging, "2222222222", "web: w");
        await PromoteAsync(Downstream with { Release = looked.Id, Targets = [eu.Id] });
        Assert.Equal(looked.Slug, (await world.Ledger.CurrentAsync(eu.Id, None))!.Slug);
    }

    [Fact]
    public async Task Promoting_what_a_target_runs_makes_a_new_release_all_the_same()
    {
        await StartAsync();
        await world.DeployAsync(staging, Sha, "web: w");
        await PromoteAsync(Downstream);
        await PromoteAsync(Downstream);
        Assert.Equal(3, (await world.Ledger.CurrentAsync(eu.Id, None))!.Version);
    }

    [Fact]
    public async Task A_target_that_is_busy_waits_and_has_no_release_until_its_turn()
    {
        await StartAsync();
        await world.DeployAsync(staging, Sha, "web: w");
        outside.Runtime.Fates = start => start.App == eu.Id ? ScriptedRuntime.Fate.Hang : ScriptedRuntime.Fate.Up;
        var slow = await world.Ledger.AddAsync(new ReleaseRequest.Deploy(eu.Id, Ada.Account, null, await world.SlugAsync(eu, null, "web: slow")), None);
        await ReleaseWorld.UntilAsync(() => outside.Runtime.Alive.Any(d => d.App == eu.Id), "the slow one boots");
        var promotion = await world.Promoter.PromoteAsync(Downstream with { Targets = [eu.Id] }, Ada, None);
        Assert.Equal(("pending", null), (promotion.Targets[0].Status, promotion.Targets[0].Release));
        outside.Runtime.Fates = _ => ScriptedRuntime.Fate.Up;
        outside.Runtime.Crash(outside.Runtime.Alive.Single(d => d.App == eu.Id).Id);
        Assert.Equal("failed", (await world.EndOfAsync(slow)).Status);
        var ended = await world.Promoter.EndOfAsync(promotion.Id, None).WaitAsync(TimeSpan.FromSeconds(30));
        Assert.Equal("succeeded", ended.Targets[0].Status);
        Assert.NotNull(ended.Targets[0].Release);
    }

    [Fact]
    public async Task All_faults_of_one_request_are_reported_together_and_nothing_changes()
    {
        await StartAsync();
        var alone = await world.AppAsync("alone");
        var refused = await Assert.ThrowsAsync<RefusedException>(() => PromoteAsync(new(pipeline.Id, eu.Id, null, [eu.Id, staging.Id, alone.Id, AppId.New()])));
        Assert.Contains("shop-eu cannot be promoted to itself.", refused.Message);
        Assert.Contains("comes before production", refused.Message);
        Assert.Contains("alone is not in pipeline shop", refused.Message);
        Assert.Contains("Couldn't find that app", refused.Message);
        Assert.Contains("shop-eu has nothing to promote yet", refused.Message);
        Assert.Empty(await world.Db.ListAsync($"SELECT id FROM promotions", r => r.Text("id"), None));
        Assert.All(new[] { eu, us, staging }, app => Assert.Single(world.Ledger.ListAsync(app.Id, None).GetAwaiter().GetResult()));
    }

    [Fact]
    public async Task Named_targets_that_are_not_there_do_not_turn_into_everything_downstream()
    {
        await StartAsync();
        await world.DeployAsync(staging, Sha, "web: w");
        await Assert.ThrowsAsync<RefusedException>(() => PromoteAsync(Downstream with { AreTargetsNamed = true }));
        Assert.Empty(await world.Db.ListAsync($"SELECT id FROM promotions", r => r.Text("id"), None));
    }

    [Fact]
    public async Task An_app_in_no_pipeline_is_told_so()
    {
        await StartAsync();
        var alone = await world.AppAsync("alone");
        await world.DeployAsync(alone, Sha, "web: w");
        var refused = await Assert.ThrowsAsync<RefusedException>(() => PromoteAsync(new(null, alone.Id, null, [eu.Id])));
        Assert.StartsWith("alone is in no pipeline", refused.Message);
    }

    [Fact]
    public async Task Someone_elses_apps_do_not_exist()
    {
        await StartAsync();
        await world.DeployAsync(staging, Sha, "web: w");
        var eve = new Principal(AccountId.New(), "eve@localhost", "request-2");
        var refused = await Assert.ThrowsAsync<RefusedException>(() => world.Promoter.PromoteAsync(Downstream, eve, None));
        Assert.Equal(RefusalKind.NotFound, refused.Kind);
        refused = await Assert.ThrowsAsync<RefusedException>(() => world.Pipelines.GetAsync("shop", Permission.View, eve, None));
        Assert.Equal(RefusalKind.NotFound, refused.Kind);
    }

    [Fact]
    public async Task A_release_of_another_app_or_one_that_failed_is_not_promoted()
    {
        await StartAsync();
        await world.DeployAsync(staging, Sha, "web: w");
        var other = await world.DeployAsync(eu, Sha, "web: w");
        Assert.Equal(RefusalKind.NotFound, (await Assert.ThrowsAsync<RefusedException>(() => PromoteAsync(Downstream with { Release = other.Id }))).Kind);
        outside.Runtime.Fates = _ => ScriptedRuntime.Fate.Crash;
        var failed = await world.DeployAsync(staging, "2222222222", "web: w");
        Assert.Contains("did not succeed", (await Assert.ThrowsAsync<RefusedException>(() => PromoteAsync(Downstream with { Release = failed.Id }))).Message);
    }

    [Theory, MemberData(nameof(TestDb.Both), MemberType = typeof(TestDb))]
    public async Task An_edge_wins_over_the_order_of_stages_and_needs_no_pipeline(string kind)
    {
        await StartAsync(kind);
        var (jim, elsewhere) = (await world.AppAsync("dev-jim"), await world.AppAsync("elsewhere"));
        await world.Edges.SetAsync(jim, staging, Ada, None);
        await world.Edges.SetAsync(staging, elsewhere, Ada, None);
        await world.DeployAsync(jim, Sha, "web: w");
        var first = await PromoteAsync(new(null, jim.Id, null, []));
        Assert.Equal([staging.Id], first.Targets.Select(t => t.App));
        Assert.Null(first.Pipeline);
        var second = await PromoteAsync(Downstream);
        Assert.Equal([elsewhere.Id], second.Targets.Select(t => t.App));
        Assert.Null(second.Pipeline);
        var named = await PromoteAsync(Downstream with { Targets = [eu.Id, elsewhere.Id] });
        Assert.All(named.Targets, t => Assert.Equal("succeeded", t.Status));
        await world.Edges.RemoveAsync(staging, null, Ada, None);
        Assert.Equal([eu.Id, us.Id], (await PromoteAsync(Downstream)).Targets.Select(t => t.App));
    }

    [Theory, MemberData(nameof(TestDb.Both), MemberType = typeof(TestDb))]
    public async Task An_app_that_moved_on_is_refused_when_the_caller_asks_for_it(string kind)
    {
        await StartAsync(kind);
        var looked = await world.DeployAsync(staging, Sha, "web: w");
        var request = Downstream with { Release = looked.Id, IfCurrent = true, Targets = [eu.Id] };
        Assert.Equal(looked.Id, (await PromoteAsync(request)).SourceRelease);
        await world.SetAsync(staging, "GREETING", "hello");
        await ReleaseWorld.UntilAsync(() => world.Ledger.CurrentAsync(staging.Id, None).GetAwaiter().GetResult()!.Version == 3, "v3");
        var refused = await Assert.ThrowsAsync<RefusedException>(() => PromoteAsync(request));
        Assert.Equal(RefusalKind.Conflict, refused.Kind);
        Assert.Equal("shop-staging moved on: it runs v3 now, not v2. Look at v3 and promote that.", refused.Message);
        Assert.Contains("name that release", (await Assert.ThrowsAsync<RefusedException>(() => PromoteAsync(request with { Release = null }))).Message);
    }
}
