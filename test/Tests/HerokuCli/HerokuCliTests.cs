using System.Text.Json;
using Sluice.Tests.Api;

namespace Sluice.Tests.HerokuCli;

/// <summary>
/// What people who have the Heroku CLI can type at Sluice beside the lines of <c>docs/heroku-cli.md</c>, and what they read: refusals with their exit codes,
/// flags that those lines do not have, and what comes of a command. What only leads there is asked of the API.
/// </summary>
public sealed class HerokuCliTests(HerokuCliWorld heroku) : IClassFixture<HerokuCliWorld>
{
    [Fact]
    public async Task Who_is_not_known_is_told_so()
    {
        var stranger = await heroku.HerokuWithKeyAsync("sluice_wrong", "apps");
        Assert.Equal(1, stranger.ExitCode);
        Assert.Contains("The token provided to HEROKU_API_KEY is invalid", stranger.Said);
    }

    [Fact]
    public async Task An_app_is_shown_with_its_addresses_and_its_name_is_taken_once()
    {
        var address = heroku.Sluice.Url.Authority;
        Assert.Contains($"http://boutique.{address}/ | https://{address}/boutique.git", await heroku.SucceedAsync("apps:create", "boutique"));
        var taken = await heroku.HerokuAsync("apps:create", "boutique");
        Assert.Equal(2, taken.ExitCode);
        Assert.Contains("Name boutique is already taken. Choose another one. Error ID: invalid_params", taken.Said);

        await heroku.AskAsync("PATCH", "/apps/boutique", new { name = "atelier" });
        var info = await heroku.SucceedAsync("apps:info", "-a", "atelier");
        Assert.Contains("=== atelier", info);
        Assert.Contains($"Web URL: http://atelier.{address}/", info);
        await heroku.AskAsync("DELETE", "/apps/atelier");
        var gone = await heroku.HerokuAsync("apps:info", "-a", "atelier");
        Assert.Equal(2, gone.ExitCode);
        Assert.Contains("Couldn't find that app", gone.Said);
    }

    [Fact]
    public async Task Each_change_of_config_is_a_release()
    {
        await heroku.MakeAsync("configured");
        Assert.Contains("Setting A, B and restarting configured... done, v2", await heroku.SucceedAsync("config:set", "A=1", "B=two words", "-a", "configured"));
        await heroku.AskAsync("PATCH", "/apps/configured/config-vars", new { A = (string?)null });
        Assert.Equal("""{"B":"two words"}""", Compact((await heroku.HerokuAsync("config", "--json", "-a", "configured")).Output));
        var releases = await heroku.SucceedAsync("releases", "-a", "configured");
        Assert.Contains("configured Releases - Current: v3", releases);
        Assert.Contains("v3 Remove A config vars admin@localhost", releases);
        Assert.Contains("v2 Set A, B config vars admin@localhost", releases);
        Assert.Contains("v1 Initial release admin@localhost", releases);
        var bad = await heroku.HerokuAsync("config:set", "A-B=1", "-a", "configured");
        Assert.Equal(2, bad.ExitCode);
        Assert.Contains("A-B is no name for a config var", bad.Said);
    }

    [Fact]
    public async Task Dynos_are_scaled_by_number_size_and_difference_and_restarted_one_by_one()
    {
        Assert.Contains("web=1:Basic worker=0:Basic", await heroku.SucceedAsync("ps:scale", "-a", "shop-staging"));
        Assert.Contains("now running web at 2:Standard-2X, worker at 1:Basic", await heroku.SucceedAsync("ps:scale", "web=2:standard-2x", "worker+1", "-a", "shop-staging"));
        var before = default(Dictionary<string, string>)!;
        await HerokuCliWorld.UntilAsync(async () => (before = await UpAsync()).Count == 3);
        var ps = await heroku.SucceedAsync("ps", "-a", "shop-staging");
        Assert.Contains("web.2: up", ps);
        Assert.Contains("worker.1: up", ps);
        Assert.Contains("perl server.pl (2)", ps);

        Assert.Contains("done", await heroku.SucceedAsync("ps:restart", "web.1", "-a", "shop-staging"));
        var after = default(Dictionary<string, string>)!;
        await HerokuCliWorld.UntilAsync(async () => (after = await UpAsync()).Count == 3 && after["web.1"] != before["web.1"]);
        Assert.Equal((before["web.2"], before["worker.1"]), (after["web.2"], after["worker.1"]));

        var unknown = await heroku.HerokuAsync("ps:scale", "clock=1", "-a", "shop-staging");
        Assert.Equal(2, unknown.ExitCode);
        Assert.Contains("shop-staging has no process type clock; it has release, web, worker.", unknown.Said);
        await heroku.AskAsync("PATCH", "/apps/shop-staging/formation", new { updates = new object[] { new { type = "web", quantity = 1, size = "basic" }, new { type = "worker", quantity = 0 } } });
    }

    [Fact]
    public async Task An_app_is_in_one_pipeline_only_and_what_is_gone_is_not_found()
    {
        await heroku.MakeAsync("blog");
        await heroku.MakePipelineAsync("blog", ("blog", "staging"));
        var twice = await heroku.HerokuAsync("pipelines:add", "shop", "-a", "blog", "-s", "staging");
        Assert.Equal(2, twice.ExitCode);
        Assert.Contains("blog is already in pipeline blog", twice.Said);
        Assert.Contains("Pipeline not found", (await heroku.HerokuAsync("pipelines:info", "journal")).Said);
    }

    [Fact]
    public async Task A_promotion_goes_to_those_that_are_named_and_fails_for_each_alone_and_can_be_rolled_back()
    {
        Assert.Equal(["succeeded"], await heroku.PromoteAsync("shop-staging"));
        var promoted = await heroku.SucceedAsync("pipelines:promote", "-a", "shop-staging", "--to", "shop");
        Assert.Contains("Starting promotion to apps: shop...", promoted);
        Assert.Contains("shop: succeeded", promoted);
        var releases = await heroku.ReleasesAsync("shop");
        var newest = releases[0];
        Assert.Matches("^Promote shop-staging v[0-9]+ [0-9a-f]{7}$", newest.GetProperty("description").GetString());
        Assert.True(newest.GetProperty("current").GetBoolean());
        Assert.Equal(releases[1].GetProperty("slug").GetProperty("id").GetString(), newest.GetProperty("slug").GetProperty("id").GetString());

        var (old, now) = (releases[1].GetProperty("version").GetInt32(), newest.GetProperty("version").GetInt32());
        Assert.Contains($"Rolling back shop to v{old}... done, v{now + 1}", await heroku.SucceedAsync("rollback", "-a", "shop"));
        Assert.Contains($"Change: {newest.GetProperty("description")}", await heroku.SucceedAsync("releases:info", $"v{now}", "-a", "shop"));
        Assert.Contains("migrating for Production", await heroku.SucceedAsync("releases:output", $"v{now}", "-a", "shop"));
        Assert.Contains("has no release output available", await heroku.SucceedAsync("releases:output", "v1", "-a", "shop"));

        await heroku.MakeAsync("shop-broken");
        await heroku.AskAsync("PATCH", "/apps/shop-broken/config-vars", new { GREETING = "broken" });
        await heroku.AskAsync("POST", "/pipeline-couplings", new { app = "shop-broken", pipeline = "shop", stage = "production" });
        var failed = await heroku.HerokuAsync("pipelines:promote", "-a", "shop-staging", "--to", "shop,shop-broken");
        Assert.Equal(1, failed.ExitCode);
        Assert.Contains("Promotion to some apps failed", failed.Said);
        Assert.Contains("shop: succeeded", failed.Said);
        Assert.Contains("shop-broken: failed", failed.Said);
        await heroku.AskAsync("DELETE", "/apps/shop-broken");
    }

    [Fact]
    public async Task What_cannot_be_promoted_is_refused_with_a_reason()
    {
        await heroku.MakeAsync("lonely");
        var lonely = await heroku.HerokuAsync("pipelines:promote", "-a", "lonely");
        Assert.Equal(2, lonely.ExitCode);
        Assert.Contains("lonely is in no pipeline", lonely.Said);
        Assert.Contains("Cannot promote shop from 'production' stage", (await heroku.HerokuAsync("pipelines:promote", "-a", "shop")).Said);
        Assert.Contains("Cannot find app lonely", (await heroku.HerokuAsync("pipelines:promote", "-a", "shop-staging", "--to", "lonely")).Said);
    }

    /// <summary>Dynos that are up, by name, with their ids. While one is replaced there may be two of its name: then either.</summary>
    private async Task<Dictionary<string, string>> UpAsync() =>
        (await heroku.AskAsync("GET", "/apps/shop-staging/dynos")).EnumerateArray().Where(dyno => dyno.GetProperty("state").GetString() == "up")
            .DistinctBy(dyno => dyno.GetProperty("name").GetString()).ToDictionary(dyno => dyno.GetProperty("name").GetString()!, dyno => dyno.GetProperty("id").GetString()!);

    private static string Compact(string json) => JsonSerializer.Serialize(JsonDocument.Parse(json).RootElement);
}
