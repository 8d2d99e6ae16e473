using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.Playwright;
using Sluice.Tests.Api;

namespace Sluice.Tests.Dashboard;

public sealed partial class BuildsTests(DashboardWorld world)
{
    /// <summary>Says something, not all of it harmless, and goes on when a file appears beside it.</summary>
    private const string Slow = "printf '\\033[36mteal\\033[0m <img src=x>\\033[2J\\n'; until test -e go; do sleep 0.1; done; echo done with it";

    private static readonly LocatorAssertionsToBeVisibleOptions InTime = new() { Timeout = 60_000 };

    [Fact]
    public async Task A_build_is_seen_as_it_runs_the_next_one_says_what_it_waits_for_and_one_that_failed_stays_with_its_reason()
    {
        await world.OpenAsync();
        await Accessible.InstallAsync(TestContext.Current.CancellationToken);
        var (app, prod) = (await world.AppAsync("built"), await world.AppAsync("built-prod"));
        var pipeline = await world.PipelineAsync(world.Name("built"), (app, "staging"), (prod, "production"));
        await world.PushAsync(app, "The first");
        await world.PromoteAsync(app, prod);
        await using var visitor = await world.AdminAsync();
        await using var other = await world.AdminAsync();
        var (page, ledger) = (visitor.Page, other.Page.Locator(".ledger-list"));
        await page.GotoAsync($"/dashboard/pipelines/{pipeline}");
        await other.Page.GotoAsync($"/dashboard/apps/{app}/activity");

        var push = world.PushAsync(
            app, "The second, with a clock", ("package.json", JsonSerializer.Serialize(new Dictionary<string, object> { ["scripts"] = new Dictionary<string, string> { ["heroku-postbuild"] = Slow } })),
            ("Procfile", "web: perl server.pl\nclock: exit 3\nrelease: true\n"));
        var running = page.Locator($"#app-{app} .doing").Filter(new() { HasTextRegex = Building() });
        await Assertions.Expect(running).ToBeVisibleAsync(InTime);
        await Assertions.Expect(ledger.Locator(".built")).ToContainTextAsync("Builds");
        await Assertions.Expect(ledger.Locator(".built")).ToContainTextAsync("The second, with a clock");
        await Assertions.Expect(ledger.Locator(".built")).ToContainTextAsync("commit by Tests");
        await running.GetByRole(AriaRole.Link).ClickAsync();
        var output = page.GetByRole(AriaRole.Log);
        await Assertions.Expect(output.Locator(".c6")).ToHaveTextAsync("teal", new() { Timeout = 60_000 });
        await Assertions.Expect(output).ToContainTextAsync("<img src=x>");
        Assert.Equal(0, await page.Locator("main img").CountAsync());
        var place = await output.BoundingBoxAsync();

        await world.BuildNothingAsync(app);
        var nightly = ledger.Locator(".built").Filter(new() { HasText = "nightly <b>7</b>" });
        await Assertions.Expect(nightly).ToContainTextAsync($"Another build of {app} runs. One at a time. Nobody needs to: it goes on by itself. When that build has ended, and at the latest at");
        await Assertions.Expect(nightly.Locator("time[data-clock]")).ToHaveTextAsync(Clock());

        // A push of the same app waits before there is a build of it.
        var third = world.Sluice.PushAsync(app, SampleApp.Files, "The third, <i>in turn</i>", key: null, TestContext.Current.CancellationToken);
        var turn = ledger.Locator(".built").Filter(new() { HasText = "The third, <i>in turn</i>" });
        await Assertions.Expect(turn).ToContainTextAsync("runs. One push at a time. Nobody needs to: it goes on by itself. When that has ended.");
        Assert.Contains("2 more wait", await (await visitor.Request.GetAsync($"/dashboard/pipelines/{pipeline}")).TextAsync(), StringComparison.Ordinal);
        foreach (var seen in new[] { page, other.Page })
            Assert.Empty(await Accessible.FaultsAsync(seen));
        await LetGoAsync(app);
        await Assertions.Expect(output).ToContainTextAsync("done with it");
        Assert.DoesNotContain("\n\n", await output.InnerTextAsync(), StringComparison.Ordinal);   // a line is a line, however it came
        await Assertions.Expect(page.GetByText("It became v3.")).ToBeVisibleAsync(InTime);
        Assert.Equal((place!.Y, place.Height), ((await output.BoundingBoxAsync())!.Y, (await output.BoundingBoxAsync())!.Height));
        await push;
        Assert.Contains("moved by another push", (await third).Said, StringComparison.Ordinal);
        await Assertions.Expect(other.Page.Locator("#v3")).ToContainTextAsync("Current");
        await Assertions.Expect(nightly.Locator(".state.fail")).ToHaveTextAsync("Failed");
        await Assertions.Expect(ledger.Locator(".built")).ToHaveCountAsync(1);
        await nightly.GetByRole(AriaRole.Link, new() { Name = "Output" }).ClickAsync();
        await Assertions.Expect(other.Page.Locator("main")).ToContainTextAsync($"{app} keeps v3.");

        // What crashes says when it is tried again.
        await world.AskAsync(HttpMethod.Patch, $"/apps/{app}/formation/clock", new { quantity = 1 });
        await page.GotoAsync($"/dashboard/pipelines/{pipeline}");
        await Assertions.Expect(page.Locator($"#app-{app} .said")).ToContainTextAsync(Again());

        // What came with that build says so where it is compared, and where it is about to move on; and the app that it would move to says how.
        await page.GotoAsync($"/dashboard/apps/{app}/compare?from=v2&to=v3");
        await Assertions.Expect(page.Locator("main")).ToContainTextAsync("clock is new. worker is gone, and any dynos stop. release starts with another command.");
        await page.GotoAsync($"/dashboard/pipelines/{pipeline}/promote?from={app}");
        await Assertions.Expect(page.Locator(".look")).ToContainTextAsync($"The Procfile of {prod} changes. clock is new. worker is gone, and any dynos stop.");
        await page.GotoAsync($"/dashboard/apps/{prod}/deploy");
        await Assertions.Expect(page.GetByText($"sluice pipelines:promote -a {app} --to {prod}")).ToBeVisibleAsync();
        await Assertions.Expect(page.GetByRole(AriaRole.Heading, new() { Name = "Then promote" })).ToHaveCountAsync(0);
        Assert.Empty(visitor.Complaints.Concat(other.Complaints));
    }

    private async Task LetGoAsync(string app)
    {
        var builds = (await world.AskAsync(HttpMethod.Get, $"/apps/{app}/builds", null)).EnumerateArray().Where(b => DashboardWorld.Text(b, "status") == "pending");
        foreach (var folder in builds.Select(b => Path.Combine(world.Sluice.Data.Builds, b.GetProperty("id").GetGuid().ToString("N"), "app")).Where(Directory.Exists))
            await File.WriteAllTextAsync(Path.Combine(folder, "go"), "");
    }

    [GeneratedRegex(@"Building\s+[0-9a-f]{7}")]
    private static partial Regex Building();

    [GeneratedRegex(@"clock\.1 exited with 3\.\s+Started again by itself at \d\d:\d\d:\d\d")]
    private static partial Regex Again();

    [GeneratedRegex(@"^\d\d:\d\d:\d\d$")]
    private static partial Regex Clock();
}
