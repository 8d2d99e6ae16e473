using Microsoft.Playwright;

namespace Sluice.Tests.Dashboard;

public sealed class PeopleTests(DashboardWorld world)
{
    [Fact]
    public async Task Who_may_only_look_sees_why_and_a_stranger_sees_nothing()
    {
        await world.OpenAsync();
        var (up, down) = (await world.AppAsync("closed"), await world.AppAsync("closed-prod"));
        var pipeline = await world.PipelineAsync(world.Name("closed"), (up, "staging"), (down, "production"));
        await world.PushAsync(up, "Something to promote");
        var (viewer, key) = await world.PersonAsync("viewer");
        foreach (var app in new[] { up, down })
            await world.AskAsync(HttpMethod.Post, $"/apps/{app}/collaborators", new { user = viewer, permissions = new[] { "view" } });

        await using var looking = await world.VisitorAsync();
        await looking.SignInAsync(viewer, key);
        await looking.Page.GotoAsync($"/dashboard/pipelines/{pipeline}");
        await Assertions.Expect(looking.Page.GetByText($"You may not deploy app {down}")).ToBeVisibleAsync();
        await Assertions.Expect(looking.Page.GetByRole(AriaRole.Button, new() { Name = "Promote…" })).ToBeDisabledAsync();
        await looking.Page.GotoAsync($"/dashboard/apps/{up}/settings");
        await Assertions.Expect(looking.Page.Locator("section", new() { Has = looking.Page.GetByRole(AriaRole.Heading, new() { Name = "Config vars" }) })).ToContainTextAsync($"You may not deploy app {up}");

        var token = await looking.Page.Locator("input[name=form-token]").First.InputValueAsync();
        var form = looking.Page.APIRequest.CreateFormData();
        form.Set("form-token", token);
        form.Set("from", up);
        form.Set("to", down);
        form.Append("to", up);
        var both = await looking.Page.APIRequest.PostAsync($"/dashboard/pipelines/{pipeline}/promote", new() { Form = form });
        Assert.Equal(422, both.Status);
        foreach (var app in new[] { up, down })
            Assert.Contains($"You may not deploy app {app}", await both.TextAsync(), StringComparison.Ordinal);
        form = looking.Page.APIRequest.CreateFormData();
        form.Set("form-token", token);
        form.Set("from", up);
        form.Set("to", down);
        var refused = await looking.Page.APIRequest.PostAsync($"/dashboard/pipelines/{pipeline}/promote", new() { Form = form });
        Assert.Equal(403, refused.Status);
        Assert.Contains($"You may not deploy app {down}", await refused.TextAsync(), StringComparison.Ordinal);

        var (stranger, strangersKey) = await world.PersonAsync("stranger");
        await using var strange = await world.VisitorAsync();
        await strange.SignInAsync(stranger, strangersKey);
        foreach (var path in new[] { $"/dashboard/pipelines/{pipeline}", $"/dashboard/apps/{up}", $"/dashboard/apps/{up}/logs/live", $"/dashboard/pipelines/{pipeline}/live" })
            Assert.Equal(404, (await strange.Page.APIRequest.GetAsync(path)).Status);
    }

    [Fact]
    public async Task The_owner_of_a_pipeline_takes_out_an_app_that_he_may_not_see()
    {
        await world.OpenAsync();
        var (owner, key) = await world.PersonAsync("owner");
        var app = await world.AppAsync("hidden");
        await world.AskAsync(HttpMethod.Post, $"/apps/{app}/collaborators", new { user = owner, permissions = new[] { "view", "deploy", "operate" } });
        var pipeline = DashboardWorld.Text(await world.AskAsync(HttpMethod.Post, "/pipelines", new { name = world.Name("owned") }, key), "id");
        await world.AskAsync(HttpMethod.Post, "/pipeline-couplings", new { app, pipeline, stage = "production" }, key);
        await world.AskAsync(HttpMethod.Delete, $"/apps/{app}/collaborators/{owner}", null);

        await using var visitor = await world.VisitorAsync(width: 390, height: 844);
        await visitor.SignInAsync(owner, key);
        await visitor.Page.GotoAsync($"/dashboard/pipelines/{pipeline}/settings");
        var row = visitor.Page.Locator(".rows li", new() { HasText = app });
        await Assertions.Expect(row).ToContainTextAsync("in production; you may not see it, so promotions that name no apps stop at it");
        await TourTests.PictureAsync(visitor.Page, "unseen-app-phone");
        await row.GetByRole(AriaRole.Button, new() { Name = "Take out of owned" }).ClickAsync();
        await Assertions.Expect(visitor.Page.GetByText("No app here yet.").First).ToBeVisibleAsync();
        await visitor.Page.GotoAsync($"/dashboard/pipelines/{pipeline}/settings");
        await Assertions.Expect(visitor.Page.GetByText("None: every app that you may see belongs to the pipeline's owner.")).ToBeVisibleAsync();
        Assert.Empty(visitor.Complaints);
    }

    [Fact]
    public async Task A_promotion_is_told_to_who_may_see_where_it_came_from_and_of_its_targets_those_that_one_may_see()
    {
        await world.OpenAsync();
        var (up, left, right) = (await world.AppAsync("told"), await world.AppAsync("told-left"), await world.AppAsync("told-right"));
        var pipeline = await world.PipelineAsync(world.Name("told"), (up, "staging"), (left, "production"), (right, "production"));
        await world.PushAsync(up, "Something to tell");
        var promotion = await world.PromoteAsync(up, left, right);
        // What a release is called says where it came from, to whoever sees the release; the promotion itself is another matter.
        foreach (var (sees, isTold) in new[] { (new[] { up, left }, true), (new[] { left }, false) })
        {
            var (person, key) = await world.PersonAsync("told");
            foreach (var app in sees)
                await world.AskAsync(HttpMethod.Post, $"/apps/{app}/collaborators", new { user = person, permissions = new[] { "view" } });
            await using var looking = await world.VisitorAsync();
            await looking.SignInAsync(person, key);
            await looking.Page.GotoAsync($"/dashboard/pipelines/{pipeline}");
            Assert.Equal(isTold, (await looking.Page.ContentAsync()).Contains(promotion, StringComparison.Ordinal));
            var page = await looking.Page.APIRequest.GetAsync($"/dashboard/promotions/{promotion}");
            Assert.Equal(isTold ? 200 : 404, page.Status);
            Assert.DoesNotContain(right, await page.TextAsync() + await looking.Page.ContentAsync(), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_log_that_is_followed_ends_with_the_right_to_it()
    {
        await world.OpenAsync();
        var app = await world.AppAsync("followed");
        var (person, key) = await world.PersonAsync("follower");
        await world.AskAsync(HttpMethod.Post, $"/apps/{app}/collaborators", new { user = person, permissions = new[] { "view" } });
        await using var looking = await world.VisitorAsync();
        await looking.SignInAsync(person, key);
        var cookies = string.Join("; ", (await looking.Page.Context.CookiesAsync()).Select(c => $"{c.Name}={c.Value}"));
        using var http = new HttpClient { BaseAddress = world.Sluice.Url, Timeout = TimeSpan.FromMinutes(1) };
        using var asked = new HttpRequestMessage(HttpMethod.Get, $"/dashboard/apps/{app}/logs/live") { Headers = { { "Cookie", cookies } } };
        using var answer = await http.SendAsync(asked, HttpCompletionOption.ResponseHeadersRead, TestContext.Current.CancellationToken);
        Assert.Equal(System.Net.HttpStatusCode.OK, answer.StatusCode);
        await world.AskAsync(HttpMethod.Delete, $"/apps/{app}/collaborators/{person}", null);
        await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);   // comes to an end
    }

    [Fact]
    public async Task A_session_that_ends_loses_nothing_that_was_typed()
    {
        await world.OpenAsync();
        var (email, key) = await world.PersonAsync("typist");
        await using var typist = await world.VisitorAsync();
        await typist.SignInAsync(email, key);
        var app = world.Name("typed");
        await world.AskAsync(HttpMethod.Post, "/apps", new { name = app }, key);
        await typist.Page.GotoAsync($"/dashboard/apps/{app}/settings");
        await typist.Page.GetByLabel("Key", new() { Exact = true }).FillAsync("LONG_TEXT");
        await typist.Page.GetByLabel("Value", new() { Exact = true }).FillAsync("what took an hour to write");
        var set = typist.Page.GetByRole(AriaRole.Button, new() { Name = "Set", Exact = true });
        foreach (var away in new Func<IRoute, Task>[] { route => route.AbortAsync(), route => route.FulfillAsync(new() { Status = 503, Body = "<h1>Application error</h1>" }) })
        {
            await typist.Page.RouteAsync("**/config", away);
            await set.FocusAsync();
            await typist.Page.Keyboard.PressAsync("Enter");
            await Assertions.Expect(typist.Page.Locator(".answer .note")).ToContainTextAsync("Sluice did not answer");
            await Assertions.Expect(set).ToBeFocusedAsync();
            await typist.Page.Locator(".answer .note").EvaluateAsync("note => note.remove()");
            await typist.Page.UnrouteAllAsync();
        }

        foreach (var session in (await world.AskAsync(HttpMethod.Get, "/oauth/sessions", null, key)).EnumerateArray())
            await world.AskAsync(HttpMethod.Delete, $"/oauth/sessions/{DashboardWorld.Text(session, "id")}", null, key);
        await typist.Page.GetByRole(AriaRole.Button, new() { Name = "Set", Exact = true }).ClickAsync();
        await Assertions.Expect(typist.Page.GetByText("Your session has ended.")).ToBeVisibleAsync();

        var tab = await typist.Page.RunAndWaitForPopupAsync(() => typist.Page.GetByRole(AriaRole.Link, new() { Name = "Sign in in a new tab" }).ClickAsync());
        await tab.GetByLabel("E-mail").FillAsync(email);
        await tab.GetByLabel("Password or key").FillAsync(key);
        await tab.GetByRole(AriaRole.Button, new() { Name = "Sign in" }).ClickAsync();
        await tab.WaitForURLAsync("**/dashboard");
        await typist.Page.GetByRole(AriaRole.Button, new() { Name = "Set", Exact = true }).ClickAsync();
        await Assertions.Expect(typist.Page.GetByText("LONG_TEXT")).ToBeVisibleAsync();
        Assert.Equal("what took an hour to write", DashboardWorld.Text(await world.AskAsync(HttpMethod.Get, $"/apps/{app}/config-vars", null, key), "LONG_TEXT"));
        Assert.DoesNotContain("what took an hour to write", await typist.Page.ContentAsync(), StringComparison.Ordinal);
    }
}
