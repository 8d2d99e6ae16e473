using Microsoft.Playwright;

namespace Sluice.Tests.Dashboard;

public sealed class HostileTextTests(DashboardWorld world)
{
    private const string Markup = "<img src=x onerror=window.hacked=1><script>window.hacked=1</script>";

    /// <summary>Clears the terminal, links to a script, is written from right to left and turns the line around.</summary>
    private const string Escapes = "\u001b[2J\u001b]8;;javascript:window.hacked=1\u0007go \u0634\u062d\u0646 \u202e";

    private const string Teal = "\u001b[36mteal\u001b[0m";

    [Fact]
    public async Task What_tenants_write_is_text_and_nothing_else()
    {
        await world.OpenAsync();
        var (up, down) = (await world.AppAsync("evil"), await world.AppAsync("evil-prod"));
        var pipeline = await world.PipelineAsync(world.Name("evil"), (up, "staging"), (down, "production"));
        await world.AskAsync(HttpMethod.Patch, $"/apps/{up}/config-vars", new { GREETING = Markup + Escapes + Teal });
        await world.PushAsync(up, $"Subject {Markup}{Escapes}");
        var (email, key) = await world.PersonAsync("mallory");
        await world.AskAsync(HttpMethod.Patch, "/account", new { name = Markup }, key);

        await using var visitor = await world.VisitorAsync();
        var dialogs = 0;
        visitor.Page.Dialog += (_, dialog) => { dialogs++; _ = dialog.DismissAsync(); };
        await visitor.SignInAsync(world.Admin, world.AdminKey);
        foreach (var path in new[] { "", $"/pipelines/{pipeline}", $"/pipelines/{pipeline}/promote?from={up}", $"/pipelines/{pipeline}/changes?q=%3Cimg%20src=x%20onerror=window.hacked=1%3E", $"/apps/{up}", $"/apps/{up}/logs", $"/apps/{up}/activity/v3", $"/apps/{up}/settings?show=GREETING" })
        {
            await visitor.Page.GotoAsync("/dashboard" + path);
            Assert.True(await visitor.Page.EvaluateAsync<bool>("() => window.hacked === undefined && document.querySelector('main img, main script') === null"), path);
        }

        await visitor.Page.GotoAsync($"/dashboard/pipelines/{pipeline}");
        await Assertions.Expect(visitor.Page.Locator($"#app-{up} .subject")).ToContainTextAsync("Subject <img src=x onerror=window.hacked=1>");
        await TourTests.PicturesAsync(visitor.Page, "hostile");
        await visitor.Page.GotoAsync($"/dashboard/pipelines/{pipeline}/promote?from={up}");
        await TourTests.PicturesAsync(visitor.Page, "hostile-promote");
        await visitor.Page.GotoAsync($"/dashboard/apps/{up}/logs");
        await Assertions.Expect(visitor.Page.GetByRole(AriaRole.Log)).ToContainTextAsync("<img src=x onerror=window.hacked=1>");
        Assert.DoesNotContain('\u001b', await visitor.Page.ContentAsync());
        await visitor.Page.GotoAsync($"/dashboard/apps/{up}/activity/v3");
        await Assertions.Expect(visitor.Page.Locator("#h-out + pre .c6")).ToHaveTextAsync("teal");
        Assert.DoesNotContain("\n\n", await visitor.Page.Locator("#h-out + pre").InnerTextAsync(), StringComparison.Ordinal);
        Assert.DoesNotContain('\u001b', await visitor.Page.ContentAsync());

        await using var mallory = await world.VisitorAsync();
        await mallory.SignInAsync(email, key);
        Assert.True(await mallory.Page.EvaluateAsync<bool>("() => window.hacked === undefined"));
        Assert.Equal(0, dialogs);
        Assert.Empty(visitor.Complaints.Concat(mallory.Complaints));
    }
}
