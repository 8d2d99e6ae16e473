using System.Text.RegularExpressions;
using Microsoft.Playwright;

namespace Sluice.Tests.Dashboard;

public sealed partial class LogTests(DashboardWorld world)
{
    private const string Chatty = """web: (i=0; while true; do i=$((i+1)); printf '\033[1;32mPASS\033[0m number %s of many\033[2J\n' $i; sleep 0.02; done) & exec perl server.pl""";

    [Fact]
    public async Task The_log_of_a_chatty_app_is_followed_in_colour_filtered_paused_and_keeps_its_place()
    {
        await world.OpenAsync();
        var app = await world.AppAsync("chatty");
        await world.PushAsync(app, "Talk all day", ("Procfile", Chatty + "\n"));
        await using var reader = await world.AdminAsync();
        var page = reader.Page;
        await page.GotoAsync($"/dashboard/apps/{app}/logs");
        var (lines, rows) = (page.GetByRole(AriaRole.Log), page.GetByRole(AriaRole.Log).GetByRole(AriaRole.Listitem));
        await Assertions.Expect(lines.Locator(".c2.bold").First).ToHaveTextAsync("PASS");
        Assert.DoesNotContain('\u001b', await page.ContentAsync());
        await MoreAsync(page, 100);

        // Who reads further up is left where they are, whatever comes.
        await lines.EvaluateAsync("lines => { lines.scrollTop = 40; }");
        var read = await lines.EvaluateAsync<string>(TopLine);
        await MoreAsync(page, 60);
        Assert.Equal(read, await lines.EvaluateAsync<string>(TopLine));

        await page.GetByRole(AriaRole.Button, new() { Name = "Pause" }).ClickAsync();
        var shown = await rows.CountAsync();
        await Assertions.Expect(page.GetByRole(AriaRole.Button, new() { NameRegex = Held() })).ToBeVisibleAsync();
        Assert.Equal(shown, await rows.CountAsync());
        await page.GetByRole(AriaRole.Button, new() { NameRegex = Held() }).ClickAsync();
        await page.WaitForFunctionAsync("() => { const l = document.querySelector('.lines'); return l.scrollHeight - l.scrollTop - l.clientHeight < 60; }");

        await page.GetByLabel("app", new() { Exact = true }).UncheckAsync();
        await Assertions.Expect(page.GetByText("number 1 of many", new() { Exact = true })).ToBeHiddenAsync();
        Assert.Equal(0, await page.Locator(".lines li[data-source=app]:visible").CountAsync());
        await Assertions.Expect(page.Locator(".lines li[data-source=sluice]:visible").First).ToBeVisibleAsync();
        Assert.EndsWith("?source=router&source=sluice&has=", page.Url, StringComparison.Ordinal);
        await page.ReloadAsync();   // the address says what is shown, and the server sends no more
        await Assertions.Expect(page.Locator(".lines li[data-source=sluice]").First).ToBeVisibleAsync();
        Assert.Equal(0, await page.Locator(".lines li[data-source=app]:visible").CountAsync());
        await page.GetByLabel("app", new() { Exact = true }).CheckAsync();
        await Assertions.Expect(page.Locator(".lines li[data-source=app]:visible").First).ToBeVisibleAsync();

        await page.RouteAsync("**/logs/live?*", route => route.FulfillAsync(new() { Status = 503 }));
        await page.ReloadAsync();
        await Assertions.Expect(page.Locator(".live")).ToContainTextAsync("Connection lost");
        await page.UnrouteAllAsync();
        await Assertions.Expect(page.Locator(".live")).ToHaveTextAsync("Live", new() { Timeout = 30_000 });
        await MoreAsync(page, 20);
        Assert.Empty(reader.Complaints);
    }

    private const string TopLine = "lines => [...lines.querySelectorAll('li')].find(li => li.getBoundingClientRect().bottom > lines.getBoundingClientRect().top + 8).textContent";

    /// <summary>Waits until so many more lines have come.</summary>
    private static async Task MoreAsync(IPage page, int lines)
    {
        var now = await page.EvaluateAsync<int>(Newest);
        await page.WaitForFunctionAsync($"wanted => ({Newest})() >= wanted", now + lines);
    }

    private const string Newest = "() => Math.max(0, ...[...document.querySelectorAll('.lines li')].slice(-50).map(li => Number(/number (\\d+)/.exec(li.textContent)?.[1] ?? 0)))";

    [GeneratedRegex(@"Go on, [1-9]\d* new")]
    private static partial Regex Held();
}
