using Microsoft.Playwright;

namespace Sluice.Tests.Dashboard;

public sealed class MovesTests(DashboardWorld world)
{
    [Fact]
    public async Task An_app_is_added_moved_removed_added_again_and_handed_to_somebody_who_accepts_it()
    {
        await world.OpenAsync();
        var ((email, key), (other, othersKey)) = (await world.PersonAsync("mover"), await world.PersonAsync("taker"));
        var (line, app) = (world.Name("moves"), world.Name("moved"));
        await using var mover = await world.VisitorAsync();
        var page = mover.Page;
        await mover.SignInAsync(email, key);
        await page.GotoAsync("/dashboard/new/pipeline");
        await page.GetByLabel("Name", new() { Exact = true }).FillAsync(line);
        await page.GetByRole(AriaRole.Button, new() { Name = "Create pipeline" }).ClickAsync();
        await page.GetByRole(AriaRole.Link, new() { Name = "Add app to staging" }).ClickAsync();
        await page.GetByLabel("App", new() { Exact = true }).FillAsync(app);
        await page.GetByRole(AriaRole.Button, new() { Name = "Add app" }).ClickAsync();
        await Assertions.Expect(page.Locator($"#staging #app-{app}")).ToBeVisibleAsync();

        await MenuAsync(page, app, "Move to another stage…");
        await page.Locator("select[name=stage]").SelectOptionAsync("production");
        await page.GetByRole(AriaRole.Button, new() { Name = $"Move {app}" }).ClickAsync();
        await Assertions.Expect(page.Locator($"#production #app-{app}")).ToBeVisibleAsync();

        var pipeline = new Uri(page.Url).AbsolutePath;
        await MenuAsync(page, app, $"Remove from {line}…");
        await page.GetByRole(AriaRole.Button, new() { Name = $"Remove from {line}" }).ClickAsync();
        await Assertions.Expect(page.Locator(".verdict")).ToContainTextAsync("No app is in a stage yet.");

        await page.GotoAsync($"/dashboard/apps/{app}/deploy");
        await page.GetByLabel("Or a pipeline you have").FillAsync(line);
        await page.GetByRole(AriaRole.Button, new() { Name = "Add to pipeline" }).ClickAsync();
        await Assertions.Expect(page.Locator($"#staging #app-{app}")).ToBeVisibleAsync();

        await page.GotoAsync($"/dashboard/apps/{app}/settings");
        await page.GetByRole(AriaRole.Form, new() { Name = "Transfer" }).GetByLabel("To whom").FillAsync(other);
        await page.GetByRole(AriaRole.Button, new() { Name = "Transfer" }).ClickAsync();
        await Assertions.Expect(page.GetByText($"Offered to {other}")).ToBeVisibleAsync();
        await using var taker = await world.VisitorAsync();
        await taker.SignInAsync(other, othersKey);
        await taker.Page.GotoAsync("/dashboard/account");
        await taker.Page.GetByRole(AriaRole.Button, new() { Name = $"Accept {app}" }).ClickAsync();
        await Assertions.Expect(taker.Page.GetByText("Apps on their way")).ToBeHiddenAsync();
        await taker.Page.GotoAsync($"/dashboard/apps/{app}/settings");
        await Assertions.Expect(taker.Page.GetByText($"{app} belongs to {other}")).ToBeVisibleAsync();

        await taker.Page.GotoAsync(pipeline + "/history?kind=transfer");
        var deed = taker.Page.Locator(".past li").Filter(new() { HasText = "Handed to another owner" });
        await deed.GetByTitle("Permanent link").ClickAsync();
        await Assertions.Expect(taker.Page.Locator(".past li:target")).ToContainTextAsync("Handed to another owner");
        await taker.Page.GotoAsync(pipeline + "/history?kind=deploy");
        await Assertions.Expect(taker.Page.GetByText("Nothing of this kind.")).ToBeVisibleAsync();
        Assert.Empty(mover.Complaints.Concat(taker.Complaints));
    }

    [Fact]
    public async Task An_apps_own_downstream_app_is_drawn_from_card_to_card_and_goes_when_it_goes()
    {
        await world.OpenAsync();
        var (up, down) = (await world.AppAsync("edge"), await world.AppAsync("edge-prod"));
        var pipeline = await world.PipelineAsync(world.Name("edged"), (up, "staging"), (down, "production"));
        await using var visitor = await world.AdminAsync();
        var page = visitor.Page;
        await page.GotoAsync($"/dashboard/pipelines/{pipeline}");
        await Assertions.Expect(page.Locator(".live")).ToHaveTextAsync("Live");
        Assert.Equal(0, await page.Locator(".edges").CountAsync());
        await world.AskAsync(HttpMethod.Put, $"/apps/{up}/downstream", new { app = down });
        await Assertions.Expect(page.Locator(".edges path")).ToHaveCountAsync(1);
        await Assertions.Expect(page.Locator(".edges text")).ToHaveTextAsync($"{up} to {down}");
        var (line, from, to) = (await BoxAsync(page, ".edges path"), await BoxAsync(page, $"#app-{up}"), await BoxAsync(page, $"#app-{down}"));
        Assert.InRange(line.X, from.X + from.Width - 5, from.X + from.Width + 5);
        Assert.InRange(line.X + line.Width, to.X - 5, to.X + 5);
        Assert.True(line.Y + line.Height > from.Y + from.Height, "It passes under the cards.");
        await world.AskAsync(HttpMethod.Delete, $"/apps/{up}/downstream", null);
        await Assertions.Expect(page.Locator(".edges")).ToHaveCountAsync(0);
        Assert.Empty(visitor.Complaints);
    }

    private static async Task<LocatorBoundingBoxResult> BoxAsync(IPage page, string what) => (await page.Locator(what).BoundingBoxAsync())!;

    private static async Task MenuAsync(IPage page, string app, string item)
    {
        await page.GetByRole(AriaRole.Button, new() { Name = $"Menu for {app}" }).ClickAsync();
        await page.GetByRole(AriaRole.Link, new() { Name = item }).ClickAsync();
    }
}
