using Microsoft.Playwright;

namespace Sluice.Tests.Dashboard;

public sealed class HandsTests(DashboardWorld world)
{
    [Fact]
    public async Task A_newcomer_comes_from_nothing_to_promoted_and_a_rollback_brings_the_old_back_while_the_page_looks_on()
    {
        await world.OpenAsync();
        var (email, key) = await world.PersonAsync("new");
        var (line, staging, prod) = (world.Name("first"), world.Name("first-staging"), world.Name("first-prod"));
        await using var newcomer = await world.VisitorAsync();
        var page = newcomer.Page;
        await newcomer.SignInAsync(email, key);
        await page.GetByRole(AriaRole.Link, new() { Name = "Or create a pipeline here" }).ClickAsync();
        await page.GetByLabel("Name", new() { Exact = true }).FillAsync(line);
        await page.GetByRole(AriaRole.Button, new() { Name = "Create pipeline" }).ClickAsync();
        foreach (var (app, stage) in new[] { (staging, "staging"), (prod, "production") })
        {
            await page.GetByRole(AriaRole.Link, new() { Name = $"Add app to {stage}" }).ClickAsync();
            await page.GetByLabel("App", new() { Exact = true }).FillAsync(app);
            await page.GetByRole(AriaRole.Button, new() { Name = "Add app" }).ClickAsync();
            await Assertions.Expect(page.Locator($"#app-{app}")).ToContainTextAsync("Nothing pushed yet");
        }

        await world.PushAsync(staging, "My first change", key: key);
        await Assertions.Expect(page.Locator($"#app-{staging}")).ToContainTextAsync("My first change");   // nobody loaded the page again
        await page.GetByRole(AriaRole.Link, new() { Name = "Promote…" }).ClickAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Promote to 1 app" }).ClickAsync();
        await Assertions.Expect(page.Locator("#moves").GetByText("v2 runs")).ToBeVisibleAsync(new() { Timeout = 60_000 });
        await Assertions.Expect(page.Locator(".verdict")).ToContainTextAsync("Production runs what staging runs");

        await world.AskAsync(HttpMethod.Patch, $"/apps/{prod}/config-vars", new { MODE = "new" }, key);
        await page.Locator($"#app-{prod} h3 a").ClickAsync();
        await Assertions.Expect(page.Locator("#v3")).ToContainTextAsync("Current", new() { Timeout = 30_000 });
        await page.GetByRole(AriaRole.Link, new() { Name = "Roll back to v2" }).ClickAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Roll back to v2" }).ClickAsync();
        await Assertions.Expect(page.Locator("#v4")).ToContainTextAsync("Rollback to v2", new() { Timeout = 30_000 });
        await Assertions.Expect(page.Locator("#v4")).ToContainTextAsync("Current", new() { Timeout = 60_000 });
        Assert.Empty(newcomer.Complaints);
    }

    [Fact]
    public async Task Keys_alone_are_enough_and_a_lost_connection_says_so_and_heals_and_what_is_gone_says_so_and_stays()
    {
        await world.OpenAsync();
        var (up, down) = (await world.AppAsync("keys"), await world.AppAsync("keys-prod"));
        var name = world.Name("keyed");
        var pipeline = await world.PipelineAsync(name, (up, "staging"), (down, "production"));
        await world.PushAsync(up, "By keys alone");
        await using var visitor = await world.AdminAsync();
        var page = visitor.Page;
        await page.Keyboard.PressAsync("/");
        await page.Keyboard.TypeAsync(name);
        await Assertions.Expect(page.Locator("#found")).ToContainTextAsync($"Go to {name}");
        await page.Keyboard.PressAsync("ArrowDown");
        await page.Keyboard.PressAsync("Enter");
        await page.WaitForURLAsync($"**/dashboard/pipelines/{pipeline}");

        await page.Keyboard.PressAsync("ArrowRight");
        await Assertions.Expect(page.Locator($"#go-{up}")).ToBeFocusedAsync();
        await page.Keyboard.PressAsync("ArrowRight");
        await Assertions.Expect(page.Locator($"#go-{down}")).ToBeFocusedAsync();
        await page.Keyboard.PressAsync(".");
        await Assertions.Expect(page.Locator($"#menu-{down}")).ToBeVisibleAsync();
        await page.Keyboard.PressAsync("End");
        await Assertions.Expect(page.GetByRole(AriaRole.Link, new() { Name = "Remove from" })).ToBeFocusedAsync();
        await page.Keyboard.PressAsync("Escape");
        await Assertions.Expect(page.Locator($"#go-{down}")).ToBeFocusedAsync();
        await page.Keyboard.PressAsync(".");
        await page.Keyboard.PressAsync("Shift+Tab");   // whoever leaves a menu is done with it
        await Assertions.Expect(page.Locator($"#menu-{down}")).ToBeHiddenAsync();
        // What is live takes nobody's focus away, though all around it is new; nor does a page that comes again because of what was done.
        await page.Locator($"#app-{up} .ledger button").FocusAsync();
        await world.AskAsync(HttpMethod.Patch, $"/apps/{up}", new { maintenance = true });
        await Assertions.Expect(page.Locator($"#app-{up}")).ToContainTextAsync("Maintenance is on");
        await Assertions.Expect(page.Locator($"#app-{up} .ledger button")).ToBeFocusedAsync();
        await page.GotoAsync($"/dashboard/apps/{up}");
        await page.GetByRole(AriaRole.Button, new() { Name = "One worker dyno more" }).FocusAsync();
        await page.Keyboard.PressAsync("Enter");
        await Assertions.Expect(page.Locator("form[aria-label='How many worker dynos'] output")).ToHaveTextAsync("1");
        await Assertions.Expect(page.GetByRole(AriaRole.Button, new() { Name = "One worker dyno more" })).ToBeFocusedAsync();
        await page.GotoAsync($"/dashboard/pipelines/{pipeline}");
        await page.Keyboard.PressAsync("ArrowRight");
        await page.Keyboard.PressAsync("ArrowRight");
        await page.Keyboard.PressAsync("ArrowLeft");
        await Assertions.Expect(page.Locator($"#go-{up}")).ToBeFocusedAsync();
        await Assertions.Expect(page.Locator("#gate-button-staging")).ToHaveTextAsync("Promote…");
        await page.Keyboard.PressAsync("p");
        await page.WaitForURLAsync("**/promote?*");
        await page.GetByRole(AriaRole.Button, new() { Name = "Promote to 1 app" }).FocusAsync();
        await page.Keyboard.PressAsync("Enter");
        await Assertions.Expect(page.Locator("#moves").GetByText("v2 runs")).ToBeVisibleAsync(new() { Timeout = 60_000 });

        await page.RouteAsync("**/live?*", route => route.AbortAsync());
        await page.ReloadAsync();
        await Assertions.Expect(page.Locator(".live")).ToContainTextAsync("Connection lost");
        await TourTests.PicturesAsync(page, "lost");
        await world.AskAsync(HttpMethod.Patch, $"/apps/{down}", new { maintenance = true });
        await page.UnrouteAllAsync();
        await Assertions.Expect(page.Locator(".live")).ToHaveTextAsync("Live", new() { Timeout = 30_000 });
        await Assertions.Expect(page.Locator($"#app-{down}")).ToContainTextAsync("Maintenance is on");

        var later = world.Name("keys-later");
        // It follows before the name changes: a page that begins later is told that there is no such app.
        await page.RunAndWaitForResponseAsync(() => page.GotoAsync($"/dashboard/apps/{up}"), answer => answer.Url.Contains("/live", StringComparison.Ordinal));
        await world.AskAsync(HttpMethod.Patch, $"/apps/{up}", new { name = later });
        await Assertions.Expect(page.Locator(".live")).ToHaveTextAsync($"{up} is called {later} now. Open it by that name.");
        await page.GotoAsync($"/dashboard/pipelines/{pipeline}");
        await world.AskAsync(HttpMethod.Delete, $"/pipelines/{pipeline}", null);
        await Assertions.Expect(page.Locator(".live")).ToHaveTextAsync("What stands here is gone, or not for you any more.");
    }
}
