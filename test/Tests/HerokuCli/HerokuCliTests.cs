using System.Text.Json;
using Sluice.Tests.Api;

namespace Sluice.Tests.HerokuCli;

/// <summary>What people who have the Heroku CLI can type at Sluice, and what they read.</summary>
public sealed class HerokuCliTests(HerokuCliWorld heroku) : IClassFixture<HerokuCliWorld>
{
    [Fact]
    public async Task It_knows_who_we_are_and_says_so_when_it_does_not()
    {
        Assert.Contains("admin@localhost", await heroku.SucceedAsync("auth:whoami"));
        var stranger = await heroku.HerokuWithKeyAsync("sluice_wrong", "apps");
        Assert.Equal(1, stranger.ExitCode);
        Assert.Contains("The token provided to HEROKU_API_KEY is invalid", stranger.Said);
    }

    [Fact]
    public async Task Apps_are_made_listed_shown_renamed_and_destroyed()
    {
        var address = heroku.Sluice.Url.Authority;
        Assert.Contains($"http://boutique.{address}/ | https://{address}/boutique.git", await heroku.SucceedAsync("apps:create", "boutique"));
        var taken = await heroku.HerokuAsync("apps:create", "boutique");
        Assert.Equal(2, taken.ExitCode);
        Assert.Contains("Name boutique is already taken. Choose another one. Error ID: invalid_params", taken.Said);

        Assert.Contains("boutique", await heroku.SucceedAsync("apps"));
        var info = await heroku.SucceedAsync("apps:info", "-a", "boutique");
        Assert.Contains($"=== boutique", info);
        Assert.Contains($"Web URL: http://boutique.{address}/", info);
        Assert.Contains("Owner: admin@localhost", info);
        Assert.Contains("Stack: debian-12", info);

        Assert.Contains("Renaming boutique to atelier... done", await heroku.SucceedAsync("apps:rename", "atelier", "-a", "boutique"));
        Assert.Contains("Destroying atelier (including all add-ons)... done", await heroku.SucceedAsync("apps:destroy", "-a", "atelier", "-c", "atelier"));
        var gone = await heroku.HerokuAsync("apps:info", "-a", "atelier");
        Assert.Equal(2, gone.ExitCode);
        Assert.Contains("Couldn't find that app", gone.Said);
    }

    [Fact]
    public async Task Config_vars_are_set_read_and_unset_each_a_release()
    {
        await heroku.SucceedAsync("apps:create", "configured");
        Assert.Contains("Setting A, B and restarting configured... done, v2", await heroku.SucceedAsync("config:set", "A=1", "B=two words", "-a", "configured"));
        Assert.Contains("A: 1 B: two words", await heroku.SucceedAsync("config", "-a", "configured"));
        Assert.Equal("two words", (await heroku.HerokuAsync("config:get", "B", "-a", "configured")).Output.Trim());
        Assert.Contains("Unsetting A and restarting configured... done, v3", await heroku.SucceedAsync("config:unset", "A", "-a", "configured"));
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
    public async Task Dynos_are_listed_scaled_and_restarted_and_their_logs_read()
    {
        Assert.Contains("web=1:Basic worker=0:Basic", await heroku.SucceedAsync("ps:scale", "-a", "shop-staging"));
        Assert.Contains("now running web at 2:Standard-2X, worker at 1:Basic", await heroku.SucceedAsync("ps:scale", "web=2:standard-2x", "worker+1", "-a", "shop-staging"));
        await UntilAsync(async () =>
        {
            var ps = await heroku.SucceedAsync("ps", "-a", "shop-staging");
            return ps.Contains("web.2: up") && ps.Contains("worker.1: up") && ps.Contains("perl server.pl (2)");
        });
        Assert.Contains("Restarting all dynos on shop-staging... done", await heroku.SucceedAsync("ps:restart", "-a", "shop-staging"));
        Assert.Contains("done", await heroku.SucceedAsync("ps:restart", "web.1", "-a", "shop-staging"));
        await UntilAsync(async () => (await heroku.SucceedAsync("logs", "-n", "500", "-a", "shop-staging")).Contains("app[web.1]: listening on"));
        Assert.DoesNotContain("app[worker.1]", await heroku.SucceedAsync("logs", "-d", "web.1", "-a", "shop-staging"));
        var unknown = await heroku.HerokuAsync("ps:scale", "clock=1", "-a", "shop-staging");
        Assert.Equal(2, unknown.ExitCode);
        Assert.Contains("shop-staging has no process type clock; it has release, web, worker.", unknown.Said);
        await heroku.SucceedAsync("ps:scale", "web=1:basic", "worker=0", "-a", "shop-staging");
    }

    [Fact]
    public async Task Pipelines_are_made_filled_shown_changed_and_destroyed()
    {
        await Task.WhenAll(heroku.SucceedAsync("apps:create", "blog-dev"), heroku.SucceedAsync("apps:create", "blog"));
        var made = await heroku.SucceedAsync("pipelines:create", "blog", "-a", "blog-dev", "-s", "development");
        Assert.Contains("Creating blog pipeline... done", made);
        Assert.Contains("Adding blog-dev to blog pipeline as development... done", made);
        Assert.Contains("Adding blog to blog pipeline as staging... done", await heroku.SucceedAsync("pipelines:add", "blog", "-a", "blog", "-s", "staging"));
        Assert.Contains("Changing blog to production... done", await heroku.SucceedAsync("pipelines:update", "-a", "blog", "-s", "production"));
        Assert.Contains("blog", await heroku.SucceedAsync("pipelines"));
        var info = await heroku.SucceedAsync("pipelines:info", "blog");
        Assert.Contains("owner: admin@localhost", info);
        Assert.Contains("blog-dev development blog production", info);
        var twice = await heroku.HerokuAsync("pipelines:add", "shop", "-a", "blog", "-s", "staging");
        Assert.Equal(2, twice.ExitCode);
        Assert.Contains("blog is already in pipeline blog", twice.Said);
        Assert.Contains("Removing blog-dev... done", await heroku.SucceedAsync("pipelines:remove", "-a", "blog-dev"));
        Assert.Contains("Renaming blog pipeline to journal... done", await heroku.SucceedAsync("pipelines:rename", "blog", "journal"));
        Assert.Contains("Destroying journal pipeline... done", await heroku.SucceedAsync("pipelines:destroy", "journal"));
        Assert.Contains("Pipeline not found", (await heroku.HerokuAsync("pipelines:info", "journal")).Said);
    }

    [Fact]
    public async Task A_promotion_streams_its_release_command_and_can_be_rolled_back()
    {
        var promoted = await heroku.SucceedAsync("pipelines:promote", "-a", "shop-staging");
        Assert.Contains("Running release command... migrating for Production", promoted);
        Assert.Contains("Promotion successful shop: succeeded", promoted);
        Assert.Contains("Starting promotion to apps: shop...", await heroku.SucceedAsync("pipelines:promote", "-a", "shop-staging", "--to", "shop"));
        var releases = JsonDocument.Parse((await heroku.HerokuAsync("releases", "--json", "-a", "shop")).Output).RootElement;
        var newest = releases[0];
        Assert.Matches("^Promote shop-staging v[0-9]+ [0-9a-f]{7}$", newest.GetProperty("description").GetString());
        Assert.True(newest.GetProperty("current").GetBoolean());
        Assert.Equal(releases[1].GetProperty("slug").GetProperty("id").GetString(), newest.GetProperty("slug").GetProperty("id").GetString());

        var (old, now) = (releases[1].GetProperty("version").GetInt32(), newest.GetProperty("version").GetInt32());
        Assert.Contains($"Rolling back shop to v{old}... done, v{now + 1}", await heroku.SucceedAsync("rollback", "-a", "shop"));
        Assert.Contains($"=== Release v{now + 1}", await heroku.SucceedAsync("releases:info", "-a", "shop"));
        Assert.Contains($"Change: {newest.GetProperty("description")}", await heroku.SucceedAsync("releases:info", $"v{now}", "-a", "shop"));
        Assert.Contains("migrating for Production", await heroku.SucceedAsync("releases:output", $"v{now}", "-a", "shop"));
        Assert.Contains("has no release output available", await heroku.SucceedAsync("releases:output", "v1", "-a", "shop"));

        await heroku.SucceedAsync("apps:create", "shop-broken");
        await heroku.SucceedAsync("config:set", "GREETING=broken", "-a", "shop-broken");
        await heroku.SucceedAsync("pipelines:add", "shop", "-a", "shop-broken", "-s", "production");
        var failed = await heroku.HerokuAsync("pipelines:promote", "-a", "shop-staging", "--to", "shop,shop-broken");
        Assert.Equal(1, failed.ExitCode);
        Assert.Contains("Promotion to some apps failed", failed.Said);
        Assert.Contains("shop: succeeded", failed.Said);
        Assert.Contains("shop-broken: failed", failed.Said);
        await heroku.SucceedAsync("apps:destroy", "-a", "shop-broken", "-c", "shop-broken");
    }

    [Fact]
    public async Task What_cannot_be_promoted_is_refused_with_a_reason()
    {
        await heroku.SucceedAsync("apps:create", "lonely");
        var lonely = await heroku.HerokuAsync("pipelines:promote", "-a", "lonely");
        Assert.Equal(2, lonely.ExitCode);
        Assert.Contains("lonely is in no pipeline", lonely.Said);
        Assert.Contains("Cannot promote shop from 'production' stage", (await heroku.HerokuAsync("pipelines:promote", "-a", "shop")).Said);
        Assert.Contains("Cannot find app lonely", (await heroku.HerokuAsync("pipelines:promote", "-a", "shop-staging", "--to", "lonely")).Said);
    }

    private static string Compact(string json) => JsonSerializer.Serialize(JsonDocument.Parse(json).RootElement);

    private static async Task UntilAsync(Func<Task<bool>> done)
    {
        for (var tries = 0; !await done(); tries++)
            Assert.True(tries < 20, "It did not come to pass.");
    }
}
