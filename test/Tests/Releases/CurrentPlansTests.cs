using Sluice.Apps;
using Sluice.Runtime;

namespace Sluice.Tests.Releases;

public sealed class CurrentPlansTests : IAsyncDisposable
{
    private Outside outside = null!;
    private ReleaseWorld world = null!;

    [Fact]
    public async Task A_domain_that_is_added_comes_to_the_router_and_goes_when_it_is_removed()
    {
        var app = await StartAsync();
        await world.DeployAsync(app, "0f0a53b", "web: node web.js");
        var domains = new DomainTable(world.Db, new Site { Port = 5000, Domain = "localhost", PublicUrl = new Uri("http://localhost:5000") }, TimeProvider.System);
        var domain = await domains.AddAsync(app, "www.shop.example", with: null, ReleaseWorld.Ada, ReleaseWorld.None);
        world.Plans.Nudge(app.Id);
        await ReleaseWorld.UntilAsync(() => outside.Router.RouteOf(app.Id)!.Hosts.SequenceEqual(["shop.localhost", "www.shop.example"]), "the route has the domain");
        await domains.RemoveAsync(domain, ReleaseWorld.Ada, ReleaseWorld.None);
        world.Plans.Nudge(app.Id);
        await ReleaseWorld.UntilAsync(() => outside.Router.RouteOf(app.Id)!.Hosts.SequenceEqual(["shop.localhost"]), "the route is without the domain");
    }

    [Fact]
    public async Task A_changed_quota_of_WebSockets_comes_to_the_router_while_all_runs_on()
    {
        var app = await StartAsync();
        await world.DeployAsync(app, "0f0a53b", "web: node web.js");
        Assert.Equal(Quota.WebSockets.Default, outside.Router.RouteOf(app.Id)!.MostWebSockets);
        var dynos = outside.Runtime.Started.Count;
        foreach (var (set, holds) in new (long?, long)[] { (7, 7), (null, Quota.WebSockets.Default) })
        {
            await new QuotaTable(world.Db).SetAsync(app, new Dictionary<string, long?> { ["websockets"] = set }, ReleaseWorld.Ada, ReleaseWorld.None);
            world.Plans.Nudge(app.Id);
            await ReleaseWorld.UntilAsync(() => outside.Router.RouteOf(app.Id)!.MostWebSockets == holds, $"the router lets {holds} be open");
        }
        Assert.Equal(dynos, outside.Runtime.Started.Count);
    }

    [Fact]
    public async Task Dynos_are_told_of_their_app_and_release_where_that_is_turned_on_and_a_config_var_wins()
    {
        var app = await StartAsync();
        await world.SetAsync(app, "HEROKU_APP_NAME", "mine");
        var release = await world.DeployAsync(app, "0f0a53b1111", "web: node web.js");
        Assert.DoesNotContain("HEROKU_RELEASE_VERSION", (await world.Plans.OfAsync(release, ReleaseWorld.None))!.Env.Keys);

        var features = new FeatureTable(world.Db, TimeProvider.System);
        var metadata = (await features.ListAsync(app.Id, ReleaseWorld.None)).Single(f => f.Feature.Name == Feature.DynoMetadata);
        await features.SetAsync(metadata, app.Id, true, ReleaseWorld.Ada, ReleaseWorld.None);
        var env = (await world.Plans.OfAsync(release, ReleaseWorld.None))!.Env;
        Assert.Equal(("mine", $"{app.Id}", "v3", "0f0a53b1111"), (env["HEROKU_APP_NAME"], env["HEROKU_APP_ID"], env["HEROKU_RELEASE_VERSION"], env["HEROKU_SLUG_COMMIT"]));
    }

    [Fact]
    public async Task A_web_dyno_is_asked_by_the_path_of_the_config_var_and_other_dynos_are_not()
    {
        var app = await StartAsync();
        await world.DeployAsync(app, "0f0a53b1111", "web: node web.js", "worker: node worker.js");
        await world.Formations.ScaleAsync(app, [new Scale("worker", "1", null)], ["web", "worker"], ReleaseWorld.Ada, ReleaseWorld.None);
        var refused = await Assert.ThrowsAsync<RefusedException>(() => world.SetAsync(app, "HEALTHCHECK_PATH", "healthz"));
        Assert.StartsWith("HEALTHCHECK_PATH must be a path like /healthz", refused.Message, StringComparison.Ordinal);
        await world.SetAsync(app, "HEALTHCHECK_PATH", "/healthz");
        await ReleaseWorld.UntilAsync(() => outside.Runtime.Started.Any(s => s is { Type: "worker", Generation: 3 }), "the worker runs the newest release");
        Assert.Equal(new HealthCheck("/healthz", "shop.localhost"), outside.Runtime.Started.Last(s => s is { Type: "web", Generation: 3 }).Health);
        Assert.All(outside.Runtime.Started.Where(s => s.Type == "worker" || s.Generation < 3), s => Assert.Null(s.Health));
    }

    private async Task<App> StartAsync()
    {
        outside = await Outside.MakeAsync();
        world = await new ReleaseWorld(outside).StartAsync();
        return await world.AppAsync("shop");
    }

    public async ValueTask DisposeAsync()
    {
        if (world is not null)
            await world.DisposeAsync();
        if (outside is not null)
            await outside.DisposeAsync();
    }
}
