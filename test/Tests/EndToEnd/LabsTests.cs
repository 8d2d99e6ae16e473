using System.Text.RegularExpressions;

namespace Sluice.Tests.EndToEnd;

/// <summary>Pipelines as in the days of the Labs plugin: an app names the one that comes after it. The texts are that plugin's, word for word.</summary>
public sealed class LabsTests
{
    [Fact]
    public async Task The_terminal_of_those_days_runs_again()
    {
        await using var keeper = await Shopkeeper.OpenAsync();
        await keeper.TypeAsync("create myapp-staging");
        await keeper.TypeAsync("create myapp --no-remote");
        await keeper.TypeAsync("labs:enable pipelines");
        Assert.Equal("Enabling pipelines for admin@localhost... done\nWARNING: This feature is experimental and may change or be removed without notice.\n", keeper.Typed.Error);
        Assert.NotEqual(0, await keeper.Typed.Run("pipeline -a myapp-staging"));
        Assert.Equal(" ›   Error: Downstream app not specified. Use `sluice pipeline:add DOWNSTREAM_APP` to add one.\n", keeper.Typed.Error);

        Assert.Equal("Added downstream app: myapp\n", await keeper.TypeAsync("pipeline:add myapp -a myapp-staging"));
        Assert.Equal("Pipeline: myapp-staging ---> myapp\n", await keeper.TypeAsync("pipeline -a myapp-staging"));
        await keeper.PushAsync("sluice");
        Assert.Matches(@"\APromoting myapp-staging to myapp\.\.\.\.*done, v2\n\z", await keeper.TypeAsync("pipeline:promote -a myapp-staging"));
        Assert.Equal("Comparing myapp-staging to myapp...done, everything is up to date\n", await keeper.TypeAsync("pipeline:diff -a myapp-staging"));

        await keeper.EditAsync("server.js", text => text + "\n// fixed\n");
        await keeper.GitAsync("add", "--all");
        await keeper.GitAsync("-c", "user.name=Jim", "-c", "user.email=jim@localhost", "commit", "-q", "--date=2012-01-01T12:00:00Z", "-m", "A super important fix");
        await keeper.PushAsync("sluice");
        var sha = (await keeper.GitAsync("rev-parse", "--short=7", "HEAD")).Said.Trim();
        Assert.Equal(
            $"""
            Comparing myapp-staging to myapp...done, myapp-staging ahead by 1 commit:
            {sha}  2012-01-01  A super important fix  (Jim)

            """, await keeper.TypeAsync("pipeline:diff -a myapp-staging"));
        Assert.Matches(@"\APromoting myapp-staging to myapp\.\.\.\.*done, v3\n\z", await keeper.TypeAsync("pipeline:promote -a myapp-staging"));

        var releases = (await keeper.TypeAsync("releases --app myapp")).Split('\n');
        Assert.Equal("=== myapp Releases", releases[0]);
        Assert.Matches(new Regex($@"\Av3  Promote myapp-staging v3 {sha}  admin@localhost +(just now|\d+s ago)\z"), releases[1]);

        Assert.Equal("Removed downstream app: myapp\n", await keeper.TypeAsync("pipeline:remove myapp -a myapp-staging"));
        Assert.NotEqual(0, await keeper.Typed.Run("pipeline:promote -a myapp-staging"));
    }

    [Fact]
    public async Task Chains_and_fan_in_need_no_stages()
    {
        await using var keeper = await Shopkeeper.OpenAsync();
        foreach (var app in new[] { "dev-jim", "dev-kim", "myapp-staging", "myapp" })
            await keeper.TypeAsync($"create {app} --no-remote");
        await keeper.TypeAsync("pipeline:add myapp-staging -a dev-jim");
        await keeper.TypeAsync("pipeline:add myapp-staging -a dev-kim");
        await keeper.TypeAsync("pipeline:add myapp -a myapp-staging");

        Assert.Equal("Pipeline: dev-jim ---> myapp-staging ---> myapp\n", await keeper.TypeAsync("pipeline -a dev-jim"));
        Assert.Equal("Pipeline: dev-kim ---> myapp-staging\n", await keeper.TypeAsync("pipeline -a dev-kim -d 1"));
        Assert.Equal(2, await keeper.Typed.Run("pipeline:add dev-jim -a myapp"));
        Assert.Contains("dev-jim", keeper.Typed.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_app_that_names_none_goes_on_to_the_only_app_of_the_next_stage()
    {
        await using var keeper = await Shopkeeper.OpenAsync();
        foreach (var app in new[] { "dev-jim", "myapp-staging", "myapp", "myapp-eu" })
            await keeper.TypeAsync($"create {app} --no-remote");
        await keeper.TypeAsync("pipelines:create myapp -a myapp-staging -s staging");
        Assert.Equal(2, await keeper.Typed.Run("pipeline:diff -a myapp-staging"));
        Assert.Equal(" ›   Error: Downstream app not specified. Use `sluice pipeline:add DOWNSTREAM_APP` to add one.\n", keeper.Typed.Error);
        await keeper.TypeAsync("pipelines:add myapp -a myapp -s production");
        await keeper.TypeAsync("pipeline:add myapp-staging -a dev-jim");

        Assert.Equal("Pipeline: dev-jim ---> myapp-staging ---> myapp\n", await keeper.TypeAsync("pipeline -a dev-jim"));
        Assert.Equal("Pipeline: dev-jim ---> myapp-staging\n", await keeper.TypeAsync("pipeline -a dev-jim -d 1"));
        Assert.Equal("Comparing myapp-staging to myapp...done, myapp-staging has released nothing yet\n", await keeper.TypeAsync("pipeline:diff -a myapp-staging"));

        await keeper.TypeAsync("pipelines:add myapp -a myapp-eu -s production");
        foreach (var command in new[] { "pipeline", "pipeline:diff", "pipeline:promote" })
        {
            Assert.Equal(2, await keeper.Typed.Run($"{command} -a myapp-staging"));
            Assert.Equal(
                " ›   Error: myapp-staging promotes to 2 apps of stage production: myapp, myapp-eu. Name one with `sluice pipeline:add DOWNSTREAM_APP -a myapp-staging`, "
                + "or take all of them with `sluice pipelines:diff` and `sluice pipelines:promote`.\n", keeper.Typed.Error);
        }

        // What it names itself wins, also over a stage that has several.
        await keeper.TypeAsync("pipeline:add myapp-eu -a myapp-staging");
        Assert.Equal("Pipeline: dev-jim ---> myapp-staging ---> myapp-eu\n", await keeper.TypeAsync("pipeline -a dev-jim"));
    }

    [Fact]
    public async Task A_fork_runs_the_same_slug_with_the_same_config_buildpacks_and_formation()
    {
        await using var keeper = await Shopkeeper.OpenAsync();
        await keeper.TypeAsync("create shop-staging");
        await keeper.TypeAsync("config:set GREETING=Hello -a shop-staging");
        await keeper.TypeAsync("buildpacks:set heroku/nodejs -a shop-staging");
        await keeper.PushAsync("sluice");
        await keeper.TypeAsync("ps:scale web=2 -a shop-staging");

        await keeper.TypeAsync("fork --from shop-staging --to shop-next");
        Assert.Equal(await keeper.DigestAsync("shop-staging"), await keeper.DigestAsync("shop-next"));
        Assert.Equal("Hello\n", await keeper.TypeAsync("config:get GREETING -a shop-next"));
        // The second line names the dyno.
        Assert.Equal((await keeper.VisitAsync("shop-staging"))?.Split('\n')[0], (await keeper.VisitAsync("shop-next"))?.Split('\n')[0]);
        Assert.Contains("heroku/nodejs", await keeper.TypeAsync("buildpacks -a shop-next"), StringComparison.Ordinal);
        Assert.Equal(await keeper.TypeAsync("ps:scale -a shop-staging"), await keeper.TypeAsync("ps:scale -a shop-next"));
        Assert.StartsWith("web=2:", keeper.Typed.Out, StringComparison.Ordinal);

        Assert.NotEqual(0, await keeper.Typed.Run("fork --from shop-staging --to shop-next"));
        Assert.Equal("Hello\n", await keeper.TypeAsync("config:get GREETING -a shop-next"));
    }
}
