using Microsoft.Playwright;

namespace Sluice.Tests.Dashboard;

/// <summary>An app or a pipeline goes to somebody else: by plain forms, and under the eyes of whoever looks at it.</summary>
public sealed class TransferTests(DashboardWorld world)
{
    [Fact]
    public async Task Without_a_script_an_app_is_placed_offered_declined_offered_again_and_accepted_and_a_pipeline_goes_to_a_team()
    {
        await world.OpenAsync();
        var ((email, key), (other, othersKey)) = (await world.PersonAsync("giver"), await world.PersonAsync("getter"));
        var (app, team) = (world.Name("given"), world.Name("givers"));
        await world.AskAsync(HttpMethod.Post, "/apps", new { name = app }, key);
        await world.AskAsync(HttpMethod.Post, "/teams", new { name = team }, key);
        var pipeline = DashboardWorld.Text(await world.AskAsync(HttpMethod.Post, "/pipelines", new { name = world.Name("given") }, key), "id");
        await using var giver = await world.VisitorAsync(hasScript: false);
        await giver.SignInAsync(email, key);
        var page = giver.Page;
        await page.GotoAsync($"/dashboard/pipelines/{pipeline}/add?stage=production");
        await page.GetByLabel("App", new() { Exact = true }).FillAsync(app);
        await page.GetByRole(AriaRole.Button, new() { Name = "Add app" }).ClickAsync();
        await Assertions.Expect(page.Locator($"#production #app-{app}")).ToBeVisibleAsync();
        Assert.Equal("production", DashboardWorld.Text(await world.AskAsync(HttpMethod.Get, $"/apps/{app}/pipeline-couplings", null, key), "stage"));

        await using var getter = await world.VisitorAsync(hasScript: false);
        await getter.SignInAsync(other, othersKey);
        foreach (var (verb, state, owner, ownersKey) in new[] { ("Decline", "declined", email, key), ($"Accept {app}", "accepted", other, othersKey) })
        {
            await page.GotoAsync($"/dashboard/apps/{app}/settings");
            await page.GetByRole(AriaRole.Form, new() { Name = "Transfer" }).GetByLabel("To whom").FillAsync(other);
            await page.GetByRole(AriaRole.Button, new() { Name = "Transfer" }).ClickAsync();
            await Assertions.Expect(page.GetByText($"Offered to {other}")).ToBeVisibleAsync();
            var offer = (await world.AskAsync(HttpMethod.Get, "/account/app-transfers", null, othersKey)).EnumerateArray().Single(t => DashboardWorld.Text(t, "state") == "pending");
            await getter.Page.GotoAsync("/dashboard/account");
            await getter.Page.GetByRole(AriaRole.Button, new() { Name = verb }).ClickAsync();
            await Assertions.Expect(getter.Page.GetByText("Apps on their way")).ToHaveCountAsync(0);
            Assert.Equal(state, DashboardWorld.Text(await world.AskAsync(HttpMethod.Get, $"/account/app-transfers/{DashboardWorld.Text(offer, "id")}", null, othersKey), "state"));
            Assert.Equal(owner, DashboardWorld.Text((await world.AskAsync(HttpMethod.Get, $"/apps/{app}", null, ownersKey)).GetProperty("owner"), "email"));
        }

        await page.GotoAsync($"/dashboard/pipelines/{pipeline}/settings");
        await page.GetByRole(AriaRole.Form, new() { Name = "Transfer" }).GetByLabel("To whom").FillAsync(team);
        await page.GetByRole(AriaRole.Button, new() { Name = "Transfer", Exact = true }).ClickAsync();
        await Assertions.Expect(page.GetByText($"belongs to team {team}")).ToBeVisibleAsync();
        Assert.Equal("team", DashboardWorld.Text((await world.AskAsync(HttpMethod.Get, $"/pipelines/{pipeline}", null, key)).GetProperty("owner"), "type"));
    }

    [Fact]
    public async Task Who_looks_on_while_an_app_and_a_pipeline_go_to_somebody_else_is_told_and_sees_no_more_of_them()
    {
        await world.OpenAsync();
        var ((email, key), (other, othersKey)) = (await world.PersonAsync("looker"), await world.PersonAsync("heir"));
        var (app, team) = (world.Name("looked-at"), world.Name("lookers"));
        await world.AskAsync(HttpMethod.Post, "/apps", new { name = app }, key);
        await world.AskAsync(HttpMethod.Post, "/teams", new { name = team }, key);
        await world.AskAsync(HttpMethod.Put, $"/teams/{team}/members", new { email = other, role = "admin" }, key);
        var pipeline = DashboardWorld.Text(await world.AskAsync(HttpMethod.Post, "/pipelines", new { name = world.Name("looked-at") }, key), "id");
        await world.AskAsync(HttpMethod.Post, "/pipeline-couplings", new { app, pipeline, stage = "staging" }, key);
        await using var looker = await world.VisitorAsync();
        await looker.SignInAsync(email, key);
        var page = looker.Page;
        await page.GotoAsync($"/dashboard/pipelines/{pipeline}");
        await Assertions.Expect(page.Locator(".live")).ToHaveTextAsync("Live");

        // To a team that one is in: one looks on.
        var teams = DashboardWorld.Text(await world.AskAsync(HttpMethod.Get, $"/teams/{team}", null, key), "id");
        await world.AskAsync(HttpMethod.Post, "/pipeline-transfers", new { pipeline = new { id = pipeline }, new_owner = new { id = teams, type = "team" } }, key);
        await world.AskAsync(HttpMethod.Patch, $"/apps/{app}", new { maintenance = true }, othersKey);
        await Assertions.Expect(page.Locator($"#app-{app}")).ToContainTextAsync("Maintenance is on");
        await page.GotoAsync($"/dashboard/apps/{app}");
        await Assertions.Expect(page.Locator(".live")).ToHaveTextAsync("Live");

        // From there to somebody else alone.
        var heir = DashboardWorld.Text(await world.AskAsync(HttpMethod.Get, "/account", null, othersKey), "id");
        await world.AskAsync(HttpMethod.Post, "/pipeline-transfers", new { pipeline = new { id = pipeline }, new_owner = new { id = heir, type = "user" } }, othersKey);
        await Assertions.Expect(page.Locator(".live")).ToHaveTextAsync("What stands here is gone, or not for you any more.");
        foreach (var gone in new[] { $"/dashboard/apps/{app}", $"/dashboard/pipelines/{pipeline}", $"/dashboard/apps/{app}/live", $"/dashboard/pipelines/{pipeline}/live" })
            Assert.Equal(404, (await page.APIRequest.GetAsync(gone)).Status);
        Assert.Empty(looker.Complaints);
    }
}
