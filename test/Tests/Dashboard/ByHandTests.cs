using Microsoft.Playwright;

namespace Sluice.Tests.Dashboard;

/// <summary>What is done without a mouse on a large screen: verbs typed, keys, a phone, a browser whose script never came.</summary>
public sealed class ByHandTests(DashboardWorld world)
{
    [Fact]
    public async Task The_palette_does_what_it_is_told_and_letters_lead_on_until_they_are_turned_off()
    {
        await world.OpenAsync();
        var app = await world.AppAsync("verbs");
        var pipeline = await world.PipelineAsync(world.Name("verbs"), (app, "staging"));
        await using var visitor = await world.AdminAsync();
        var page = visitor.Page;
        await page.GotoAsync($"/dashboard/apps/{app}");
        await page.Keyboard.PressAsync("/");
        await page.Keyboard.TypeAsync($"maint {app}");
        await page.GetByRole(AriaRole.Button, new() { Name = $"Turn maintenance of {app} on" }).ClickAsync();
        await Assertions.Expect(page.Locator(".runs")).ToContainTextAsync("Maintenance is on");
        await Assertions.Expect(page.Locator("#palette")).ToBeHiddenAsync();   // the live line may tell it before the form's own answer has come
        await page.Keyboard.PressAsync("/");
        await page.Keyboard.TypeAsync($"restart {app}");
        await page.GetByRole(AriaRole.Button, new() { Name = $"Restart {app}" }).ClickAsync();
        await Assertions.Expect(page.Locator("#palette")).ToBeHiddenAsync();
        await Assertions.Expect(page.Locator("#spoken")).ToHaveTextAsync($"Dynos of {app} restart.");
        await page.Keyboard.PressAsync("/");
        await page.Keyboard.TypeAsync($"promote {app}");
        await Assertions.Expect(page.GetByRole(AriaRole.Link, new() { Name = $"Promote {app}…" })).ToHaveAttributeAsync("href", $"/dashboard/pipelines/{pipeline}/promote?from={app}");
        await page.Keyboard.PressAsync("Escape");
        await Assertions.Expect(page.Locator("#palette")).ToBeHiddenAsync();

        await page.Keyboard.PressAsync("g");
        await page.Keyboard.PressAsync("l");
        await page.WaitForURLAsync($"**/apps/{app}/logs");
        await page.Keyboard.PressAsync("g");
        await page.Keyboard.PressAsync("p");
        await page.WaitForURLAsync($"**/pipelines/{pipeline}");
        await page.Keyboard.PressAsync("?");
        await page.GetByLabel("Single keys do something").UncheckAsync();
        await page.Keyboard.PressAsync("Escape");
        await Assertions.Expect(page.Locator("#keys")).ToBeHiddenAsync();
        await page.Keyboard.PressAsync("/");
        await Assertions.Expect(page.Locator("#palette")).ToBeHiddenAsync();
        Assert.Empty(visitor.Complaints);
    }

    [Fact]
    public async Task On_a_phone_without_a_script_one_signs_in_promotes_and_changes_the_buildpacks()
    {
        await world.OpenAsync();
        var (up, down) = (await world.AppAsync("plain"), await world.AppAsync("plain-prod"));
        var pipeline = await world.PipelineAsync(world.Name("plain"), (up, "staging"), (down, "production"));
        await world.PushAsync(up, "Works without a script");
        await using var visitor = await world.VisitorAsync(390, 844, hasScript: false);
        var page = visitor.Page;
        await visitor.SignInAsync(world.Admin, world.AdminKey);
        await page.GotoAsync($"/dashboard/pipelines/{pipeline}");
        foreach (var stage in new[] { "staging", "production" })
            Assert.Equal(390, (await page.Locator($"#{stage}").BoundingBoxAsync())!.Width);   // a stage fills the screen; the next is a swipe away
        await page.GetByRole(AriaRole.Navigation, new() { Name = "Stages" }).GetByRole(AriaRole.Link, new() { Name = "Staging" }).ClickAsync();
        await Assertions.Expect(page.Locator($"#app-{up}")).ToBeInViewportAsync();
        await page.GetByRole(AriaRole.Link, new() { Name = "Promote…" }).ClickAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Promote to 1 app" }).ClickAsync();
        await page.WaitForURLAsync($"**/dashboard/pipelines/{pipeline}*");
        await Assertions.Expect(page.Locator("#moves")).ToContainTextAsync($"{up} v2 to production");

        await page.GotoAsync($"/dashboard/apps/{down}/settings");
        foreach (var name in new[] { "heroku/nodejs", "heroku/python" })
        {
            await page.GetByLabel("Buildpack", new() { Exact = true }).FillAsync(name);
            await page.GetByRole(AriaRole.Button, new() { Name = "Add buildpack" }).ClickAsync();
            await Assertions.Expect(page.GetByRole(AriaRole.Button, new() { Name = $"Remove buildpack {name}" })).ToBeVisibleAsync();
        }

        await page.GetByRole(AriaRole.Button, new() { Name = "Up: run heroku/python earlier" }).ClickAsync();
        await page.GetByLabel("Buildpack", new() { Exact = true }).FillAsync("no such thing");
        await page.GetByRole(AriaRole.Button, new() { Name = "Add buildpack" }).ClickAsync();
        await Assertions.Expect(page.Locator("form:has(input[name=buildpack]) #refused")).ToContainTextAsync("Not done");
        Assert.Equal(["urn:buildpack:heroku/python", "urn:buildpack:heroku/nodejs"], await UrlsAsync(down));
        await page.GotoAsync($"/dashboard/apps/{down}/settings");
        await page.GetByRole(AriaRole.Button, new() { Name = "Remove buildpack heroku/nodejs" }).ClickAsync();
        await Assertions.Expect(page.GetByRole(AriaRole.Button, new() { Name = "Remove buildpack heroku/nodejs" })).ToHaveCountAsync(0);
        Assert.Equal(["urn:buildpack:heroku/python"], await UrlsAsync(down));
    }

    private async Task<IEnumerable<string>> UrlsAsync(string app) =>
        (await world.AskAsync(HttpMethod.Get, $"/apps/{app}/buildpack-installations", null)).EnumerateArray().Select(i => DashboardWorld.Text(i.GetProperty("buildpack"), "url"));
}
