using Microsoft.Playwright;

namespace Sluice.Tests.Dashboard;

public sealed class PromoteTests(DashboardWorld world)
{
    private static readonly LocatorAssertionsToBeVisibleOptions InTime = new() { Timeout = 60_000 };

    [Fact]
    public async Task A_promotion_is_looked_at_first_then_seen_by_two_viewers_and_fails_on_one_target_alone()
    {
        await world.OpenAsync();
        var (staging, eu, us) = (await world.AppAsync("staging"), await world.AppAsync("eu"), await world.AppAsync("us"));
        var name = world.Name("shop");
        var pipeline = await world.PipelineAsync(name, (staging, "staging"), (eu, "production"), (us, "production"));
        await world.AskAsync(HttpMethod.Patch, $"/apps/{us}/config-vars", new { GREETING = "broken" });
        await world.PushAsync(staging, "Show the delivery date in the basket");

        await using var jim = await world.AdminAsync();
        await using var kim = await world.AdminAsync();
        await kim.Page.GotoAsync($"/dashboard/pipelines/{pipeline}");
        await jim.Page.GotoAsync("/dashboard");
        await Assertions.Expect(jim.Page.Locator("main")).ToContainTextAsync(name);
        await jim.Page.GetByRole(AriaRole.Link, new() { Name = name, Exact = true }).ClickAsync();
        await Assertions.Expect(jim.Page.Locator($"#app-{staging}")).ToContainTextAsync("Show the delivery date in the basket");
        await jim.Page.GetByRole(AriaRole.Region, new() { Name = "From staging to production" }).GetByRole(AriaRole.Link, new() { Name = "Promote…" }).ClickAsync();

        await Assertions.Expect(jim.Page.GetByRole(AriaRole.Heading, new() { Level = 1 })).ToContainTextAsync($"Promote {staging} v2 to production");
        await Assertions.Expect(jim.Page.GetByText("GREETING", new() { Exact = true })).ToBeVisibleAsync();
        await jim.Page.GetByLabel(us, new() { Exact = true }).UncheckAsync();
        await Assertions.Expect(jim.Page.GetByRole(AriaRole.Button, new() { Name = "Promote to 1 app" })).ToBeVisibleAsync();
        await jim.Page.GetByLabel(us, new() { Exact = true }).CheckAsync();
        await jim.Page.GetByRole(AriaRole.Button, new() { Name = "Promote to 2 apps" }).ClickAsync();
        await jim.Page.WaitForURLAsync($"**/dashboard/pipelines/{pipeline}*");

        foreach (var viewer in new[] { jim, kim })
        {
            var moves = viewer.Page.Locator("#moves");
            await Assertions.Expect(moves.GetByText("migrating for broken")).ToBeVisibleAsync(InTime);
            await Assertions.Expect(moves.GetByText("v3 failed").Or(moves.GetByText("v4 failed"))).ToBeVisibleAsync(InTime);
            await Assertions.Expect(moves.GetByText("v2 runs")).ToBeVisibleAsync(InTime);
            await Assertions.Expect(viewer.Page.Locator($"#app-{eu}")).ToContainTextAsync($"From {staging} v2", new() { Timeout = 20_000 });
        }

        await jim.Page.ReloadAsync();
        await Assertions.Expect(jim.Page.Locator("#moves").GetByText("v2 runs")).ToBeVisibleAsync();

        // The menu of a card goes where a promotion without targets would: an empty next stage is named, not skipped.
        var (dev, shop) = (await world.AppAsync("dev"), await world.AppAsync("shop"));
        var gap = await world.PipelineAsync(world.Name("gap"), (dev, "development"), (shop, "production"));
        await world.PushAsync(dev, "Begin");
        await jim.Page.GotoAsync($"/dashboard/pipelines/{gap}/promote?from={dev}");
        await Assertions.Expect(jim.Page.GetByText($"{dev} goes nowhere by itself: stage staging, the one after development, is empty.")).ToBeVisibleAsync();
        await Assertions.Expect(jim.Page.GetByRole(AriaRole.Button, new() { Name = "Promote to 0 apps" })).ToBeDisabledAsync();
        Assert.Empty(jim.Complaints.Concat(kim.Complaints));
    }

    [Fact]
    public async Task What_waits_says_why_who_can_end_it_and_when_it_goes_on()
    {
        await world.OpenAsync();
        var (staging, ready, late) = (await world.AppAsync("staging"), await world.AppAsync("ready"), await world.AppAsync("late"));
        var pipeline = await world.PipelineAsync(world.Name("waits"), (staging, "staging"), (ready, "production"), (late, "production"));
        await world.AskAsync(HttpMethod.Patch, $"/apps/{late}/config-vars", new { NAP = "1000" });
        await world.PushAsync(staging, "Nap before the release", ("Procfile", "web: perl server.pl\nrelease: echo it naps && sleep ${NAP:-0}\n"));
        await world.AskAsync(HttpMethod.Post, "/pipeline-promotions", new { source = new { app = staging }, targets = new[] { new { app = ready }, new { app = late } }, all_or_nothing = true });
        await world.AskAsync(HttpMethod.Post, "/pipeline-promotions", new { source = new { app = staging }, targets = new[] { new { app = late } } });

        await using var visitor = await world.AdminAsync();
        await visitor.Page.GotoAsync($"/dashboard/pipelines/{pipeline}");
        var waits = visitor.Page.Locator("#moves .why");
        await Assertions.Expect(waits.GetByText($"Another release of {late} is on its way.")).ToBeVisibleAsync(InTime);
        await Assertions.Expect(waits.GetByText("It is ready, and the other targets of this promotion are not yet.")).ToBeVisibleAsync(InTime);
        await Assertions.Expect(waits.GetByText("Its release command runs.")).ToBeVisibleAsync();
        await Assertions.Expect(visitor.Page.GetByRole(AriaRole.Log, new() { Name = $"Release phase of {late}, promotion 1" })).ToContainTextAsync("it naps");   // while it runs
        await Assertions.Expect(visitor.Page.Locator("#moves .why time[data-clock]")).ToHaveCountAsync(3);   // each says when it is over at the latest
        await TourTests.PicturesAsync(visitor.Page, "waits");
        await visitor.Page.GotoAsync($"/dashboard/apps/{ready}/activity/v2");
        await Assertions.Expect(visitor.Page.Locator(".why")).ToContainTextAsync("It is ready, and the other targets of this promotion are not yet.");
        await Assertions.Expect(visitor.Page.Locator(".why")).ToContainTextAsync("Nobody needs to: it goes on by itself.");

        // What never ends by itself goes with its app.
        await world.AskAsync(HttpMethod.Delete, $"/apps/{late}", null);
        Assert.Empty(visitor.Complaints);
    }
}
