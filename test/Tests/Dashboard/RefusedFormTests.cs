using Microsoft.Playwright;

namespace Sluice.Tests.Dashboard;

/// <summary>A browser whose script never came: what was typed into a form that is refused stands there again, and whoever else asks for it gets nothing.</summary>
public sealed class RefusedFormTests(DashboardWorld world)
{
    /// <summary>Right nowhere, too long for a name, and nothing that a page should obey.</summary>
    private static readonly string Wrong = "Wrong <b>\"it\"</b> & \u202e'so'\u200b " + new string('x', 300);

    /// <summary>All that one may type or choose in the form that the answer stands in; what cannot be chosen is left out.</summary>
    private const string Typed = """
        form => [...form.elements].filter(e => e.name && !e.disabled && e.type !== "hidden" && e.type !== "submit")
            .map(e => `${e.name}=${e.type === "checkbox" || e.type === "radio" ? e.value + e.checked : e.value}`).join("\n")
        """;

    /// <summary>Chooses what was not chosen, and has the browser send what it would complain of.</summary>
    private const string Turn = """
        form => {
          form.noValidate = true;
          for (const field of form.querySelectorAll("[maxlength]")) field.removeAttribute("maxlength");
          for (const box of form.querySelectorAll("[type=checkbox]:not(:disabled)")) box.checked = !box.checked;
          for (const list of form.querySelectorAll("select")) list.selectedIndex = list.options.length - 1;
        }
        """;

    [Fact]
    public async Task Every_form_that_one_types_in_comes_back_as_it_was_sent_with_the_reason()
    {
        await world.OpenAsync();
        var (app, alone) = (await world.AppAsync("refused"), await world.AppAsync("refused-alone"));
        var pipeline = await world.PipelineAsync(world.Name("refused"), (app, "staging"));
        await world.AskAsync(HttpMethod.Post, $"/pipelines/{pipeline}/stages", new { name = "canary", after = "staging" });
        await using var visitor = await world.VisitorAsync(hasScript: false);
        await visitor.SignInAsync(world.Admin, world.AdminKey);
        var page = visitor.Page;
        var sent = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var path in new[] { $"/apps/{app}/settings", $"/apps/{app}/access", $"/apps/{alone}/deploy", $"/pipelines/{pipeline}/settings", $"/pipelines/{pipeline}/add?stage=canary", "/new/pipeline", "/new/app", "/account" })
        {
            await page.GotoAsync("/dashboard" + path);
            var forms = page.Locator("main form[method=post]:has(input:is(:not([type]), [type=text], [type=email]), textarea)");
            for (var (at, count) = (0, await forms.CountAsync()); at < count; at++)
            {
                await page.GotoAsync("/dashboard" + path);
                var form = forms.Nth(at);
                var to = (await form.GetAttributeAsync("action"))!;
                await form.EvaluateAsync(Turn);
                foreach (var field in await form.Locator("input:is(:not([type]), [type=text], [type=email]), textarea").AllAsync())
                    await field.FillAsync(Wrong);
                var typed = await form.EvaluateAsync<string>(Typed);
                await form.Locator("button[type=submit]").First.ClickAsync();
                await Assertions.Expect(page.Locator("#refused")).ToContainTextAsync("Not done");
                var back = page.Locator("form:has(#refused)");
                Assert.True(await back.CountAsync() == 1, $"{to} came back without its form.");
                Assert.StartsWith("/dashboard" + path.Split('?')[0] + "?", new Uri(page.Url).PathAndQuery, StringComparison.Ordinal);
                Assert.Equal(typed, await back.EvaluateAsync<string>(Typed));
                Assert.Equal(to, await back.GetAttributeAsync("action"));
                Assert.True(await page.EvaluateAsync<bool>("() => document.querySelector('main b b, main img') === null && !location.href.includes('Wrong')"), to);
                sent.Add(to.Replace(app, "APP", StringComparison.Ordinal).Replace(alone, "APP", StringComparison.Ordinal).Replace(pipeline, "PIPELINE", StringComparison.Ordinal)["/dashboard".Length..]);
            }
        }

        Assert.Equal(
            "/account/keys /account/rename /apps/APP/access /apps/APP/buildpacks /apps/APP/config /apps/APP/destroy /apps/APP/domains /apps/APP/pipeline /apps/APP/rename /apps/APP/transfer"
            + " /new/app /new/pipeline /pipelines/PIPELINE/add /pipelines/PIPELINE/destroy /pipelines/PIPELINE/rename /pipelines/PIPELINE/stages /pipelines/PIPELINE/transfer", string.Join(' ', sent));
    }

    [Fact]
    public async Task Who_signs_in_again_or_may_no_more_finds_what_was_typed_and_nobody_else_does()
    {
        await world.OpenAsync();
        await Accessible.InstallAsync(TestContext.Current.CancellationToken);
        const string text = "what took\nan hour to <write>";
        var (email, key) = await world.PersonAsync("typist");
        var app = await world.AppAsync("late");
        await world.AskAsync(HttpMethod.Post, $"/apps/{app}/collaborators", new { user = email, permissions = new[] { "view", "deploy", "operate" } });
        await using var typist = await world.VisitorAsync(hasScript: false);
        var page = typist.Page;
        await typist.SignInAsync(email, key);
        await page.GotoAsync($"/dashboard/apps/{app}/settings?show=NOTHING");
        await page.GetByLabel("Key", new() { Exact = true }).FillAsync("LONG_TEXT");
        await page.GetByLabel("Value", new() { Exact = true }).FillAsync(text);
        foreach (var session in (await world.AskAsync(HttpMethod.Get, "/oauth/sessions", null, key)).EnumerateArray())
            await world.AskAsync(HttpMethod.Delete, $"/oauth/sessions/{DashboardWorld.Text(session, "id")}", null, key);
        await page.GetByRole(AriaRole.Button, new() { Name = "Set", Exact = true }).ClickAsync();
        await Assertions.Expect(page.GetByText("Your session has ended.")).ToBeVisibleAsync();
        Assert.DoesNotContain("what took", page.Url + await page.ContentAsync(), StringComparison.Ordinal);
        await page.GetByLabel("E-mail").FillAsync(email);
        await page.GetByLabel("Password or key").FillAsync(key);
        await page.GetByRole(AriaRole.Button, new() { Name = "Sign in" }).ClickAsync();
        await Assertions.Expect(page.Locator("#refused")).ToContainTextAsync("Send it once more");
        await Assertions.Expect(page.Locator("textarea[name=value]")).ToHaveValueAsync(text);
        var kept = page.Url;
        await using var reader = await world.VisitorAsync();   // axe needs a script
        await reader.SignInAsync(email, key);
        await reader.Page.GotoAsync(kept);
        Assert.Empty(await Accessible.FaultsAsync(reader.Page));

        // Somebody else with the same address sees the page, and not the text.
        await using var other = await world.AdminAsync();
        Assert.DoesNotContain("what took", await (await other.Request.GetAsync(kept)).TextAsync(), StringComparison.Ordinal);

        // What may be changed no more is still there to be copied.
        await world.AskAsync(HttpMethod.Patch, $"/apps/{app}/collaborators/{email}", new { permissions = new[] { "view" } });
        await page.GetByRole(AriaRole.Button, new() { Name = "Set", Exact = true }).ClickAsync();
        await Assertions.Expect(page.Locator("#refused")).ToContainTextAsync($"You may not operate app {app}");
        await Assertions.Expect(page.Locator("#refused textarea").Last).ToHaveValueAsync(text);
        await reader.Page.GotoAsync(page.Url);
        Assert.Empty(await Accessible.FaultsAsync(reader.Page));
        await world.AskAsync(HttpMethod.Delete, $"/apps/{app}/collaborators/{email}", null);
        await page.ReloadAsync();
        await Assertions.Expect(page.GetByRole(AriaRole.Heading, new() { Level = 1 })).ToHaveTextAsync("Not here");
        await Assertions.Expect(page.Locator("#refused textarea").Last).ToHaveValueAsync(text);
        Assert.Empty((await world.AskAsync(HttpMethod.Get, $"/apps/{app}/config-vars", null)).EnumerateObject());
    }
}
