using Sluice.Tests.Api;
using Sluice.Tests.House;

namespace Sluice.Tests.HerokuCli;

/// <summary><c>heroku pipeline</c>, which our plugin brings back to the Heroku CLI.</summary>
public sealed class PluginTests(HerokuCliWorld heroku) : IClassFixture<HerokuCliWorld>
{
    private static readonly string Folder = Path.Combine(Repository.Root, "clients", "heroku-cli-plugin");

    [Fact]
    public async Task The_four_old_commands_exist_again()
    {
        var ct = TestContext.Current.CancellationToken;
        await HerokuCliWorld.InstallAsync(Folder, ct);
        await heroku.SucceedAsync("plugins:link", Folder, "--no-install");

        var alone = await heroku.HerokuAsync("pipeline:diff", "-a", "shop");
        Assert.NotEqual(0, alone.ExitCode);
        Assert.Contains("Downstream app not specified. Use `heroku pipeline:add DOWNSTREAM_APP` to add one.", alone.Said);

        // It names no app: the only one of the next stage it is.
        Assert.Matches(@"Promoting shop-staging to shop\.{3,}done, v3", await heroku.SucceedAsync("pipeline:promote", "-a", "shop-staging"));
        Assert.Contains("Comparing shop-staging to shop...done, everything is up to date", await heroku.SucceedAsync("pipeline:diff", "-a", "shop-staging"));
        await heroku.MakeAsync("shop-eu");
        await heroku.AskAsync("POST", "/pipeline-couplings", new { app = "shop-eu", pipeline = "shop", stage = "production" });
        var several = await heroku.HerokuAsync("pipeline:promote", "-a", "shop-staging");
        Assert.NotEqual(0, several.ExitCode);
        Assert.Contains("shop-staging promotes to 2 apps of stage production: shop, shop-eu. Name one with `heroku pipeline:add DOWNSTREAM_APP -a shop-staging`", several.Said);

        Assert.Contains("Added downstream app: shop", await heroku.SucceedAsync("pipeline:add", "shop", "-a", "shop-staging"));
        Assert.Contains("Pipeline: shop-staging ---> shop", await heroku.SucceedAsync("pipeline", "-a", "shop-staging"));
        var pushed = await heroku.Sluice.PushAsync("shop-staging", new(SampleApp.Files) { ["README.md"] = "Changed." }, ct);
        Assert.True(pushed.ExitCode == 0, pushed.ToString());
        var diff = await heroku.SucceedAsync("pipeline:diff", "-a", "shop-staging");
        Assert.Matches(@"Comparing shop-staging to shop\.\.\.done, shop-staging ahead by \d+ commits?:\s+[0-9a-f]{7} \d{4}-\d\d-\d\d Change ", diff);
        Assert.Matches(@"Promoting shop-staging to shop\.{3,}done, v4", await heroku.SucceedAsync("pipeline:promote", "-a", "shop-staging"));

        await heroku.AskAsync("PATCH", "/apps/shop/config-vars", new { GREETING = "broken" });
        var failed = await heroku.HerokuAsync("pipeline:promote", "-a", "shop-staging");
        Assert.Equal(1, failed.ExitCode);
        Assert.Matches(@"Promoting shop-staging to shop\.{3,}failed .*The release command exited with status \d+\. See: heroku releases:output v6 -a shop", failed.Said);
        Assert.Contains("Removed downstream app: shop", await heroku.SucceedAsync("pipeline:remove", "shop", "-a", "shop-staging"));
    }
}
