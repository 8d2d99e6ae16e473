using System.Text.RegularExpressions;
using Microsoft.Playwright;
using Sluice.Metrics;

namespace Sluice.Tests.Dashboard;

/// <summary>Every page once: nothing to complain of for axe-core nor for the browser, and no wider than a phone. With <c>SLUICE_SCREENS</c> set to a folder, pictures of all.</summary>
public sealed partial class TourTests(DashboardWorld world)
{
    private const int Phone = 390;

    private static string? Screens => Environment.GetEnvironmentVariable("SLUICE_SCREENS");

    [Fact]
    public async Task Every_page_is_open_to_everybody_light_and_dark_and_on_a_phone()
    {
        await world.OpenAsync();
        await Accessible.InstallAsync(TestContext.Current.CancellationToken);
        var pages = await PagesAsync();
        var faults = new List<string>();
        foreach (var (look, width, scheme) in new[] { ("light", 1440, ColorScheme.Light), ("dark", 1440, ColorScheme.Dark), ("phone", Phone, ColorScheme.Light) })
        {
            await using var visitor = await world.VisitorAsync(width, look == "phone" ? 844 : 1000, scheme);
            await LookAsync(visitor, "sign-in", "/dashboard/sign-in", look, faults);
            await visitor.SignInAsync(world.Admin, world.AdminKey);
            foreach (var (name, path) in pages)
                await LookAsync(visitor, name, path, look, faults);
            await StatesAsync(visitor, pages, look, faults);
            faults.AddRange(visitor.Complaints.Select(c => $"{look}: {c}"));
        }

        Assert.True(faults.Count == 0, string.Join('\n', faults));
    }

    [Fact]
    public async Task A_first_visit_is_light()
    {
        await world.OpenAsync();
        using var client = new HttpClient { BaseAddress = world.Sluice.Url };
        client.DefaultRequestHeaders.AcceptEncoding.ParseAdd("gzip");
        var page = await client.GetStringAsync("/dashboard/sign-in");
        var (all, scripts) = (page.Length, 0);
        foreach (var asset in Asset().Matches(page).Select(match => match.Value))
        {
            using var answer = await client.GetAsync(asset);
            Assert.True(answer.IsSuccessStatusCode, asset);
            Assert.Contains("immutable", answer.Headers.CacheControl!.ToString(), StringComparison.Ordinal);
            var bytes = (await answer.Content.ReadAsByteArrayAsync()).Length;
            (all, scripts) = (all + bytes, scripts + (asset.EndsWith(".js", StringComparison.Ordinal) ? bytes : 0));
        }

        Assert.InRange(scripts, 1, 30 * 1024);
        Assert.InRange(all, 1, 150 * 1024);
    }

    [GeneratedRegex("/dashboard/assets/[^\"]+")]
    private static partial Regex Asset();

    /// <summary>How far the section below the stages is from the end of the stage that one sees, in pixels; 0 where no stage fills the window.</summary>
    private const string Gap = """
        () => {
          const channel = document.getElementById("channel"), seen = [...channel?.children ?? []].find(reach => Math.abs(reach.getBoundingClientRect().left) < 2);
          return seen ? document.getElementById("h-moves").getBoundingClientRect().top - seen.getBoundingClientRect().bottom : 0;
        }
        """;

    /// <summary>What a page becomes when something on it was pressed.</summary>
    private static async Task StatesAsync(Visitor visitor, (string Name, string Path)[] pages, string look, List<string> faults)
    {
        var page = visitor.Page;
        string At(string name) => pages.Single(p => p.Name == name).Path;
        await LookAsync(visitor, "menu", At("pipeline"), look, faults, () => page.Locator("article .icon-only[popovertarget]").First.ClickAsync());
        await LookAsync(visitor, "palette", At("pipeline"), look, faults, () => page.Keyboard.PressAsync("/"));
        await LookAsync(visitor, "keys", At("home"), look, faults, () => page.Keyboard.PressAsync("?"));
        await LookAsync(visitor, "asked", At("account"), look, faults, () => page.Locator(".ask > summary").First.ClickAsync());
        await LookAsync(visitor, "refused", At("app-settings"), look, faults, async () =>
        {
            await page.Locator("input[name=confirm]").FillAsync("another");
            await page.GetByRole(AriaRole.Button, new() { Name = "Delete" }).Last.ClickAsync();
            await Assertions.Expect(page.Locator(".answer .note").First).ToBeVisibleAsync();
        });
        await page.GotoAsync(At("release-gone"));
        await Assertions.Expect(page.GetByText("Nobody can roll back to v2: its slug is no longer kept.")).ToBeVisibleAsync();
        await Assertions.Expect(page.GetByRole(AriaRole.Button, new() { Name = "Roll back" })).ToHaveCountAsync(0);
        await page.GotoAsync(At("activity-gone"));
        await Assertions.Expect(page.Locator("#v2")).ToContainTextAsync("its slug is no longer kept");
        await Assertions.Expect(page.GetByRole(AriaRole.Link, new() { Name = "Roll back to v2" })).ToHaveCountAsync(0);
        await page.GotoAsync(At("pipeline"));
        await Assertions.Expect(page.GetByRole(AriaRole.Region, new() { Name = "From canary to production" })).ToContainTextAsync(new Regex(@"First release\s*of tour-us-\d+"));   // the other app there runs it already
        await page.GotoAsync(At("history"));
        foreach (var said in new[] { "Stage canary added", "Put into canary of the pipeline", "Maintenance turned on" })
            await Assertions.Expect(page.GetByText(said).First).ToBeVisibleAsync();
    }

    private static async Task LookAsync(Visitor visitor, string name, string path, string look, List<string> faults, Func<Task>? press = null)
    {
        await visitor.Page.GotoAsync(path);
        if (press is not null)
            await press();
        await PictureAsync(visitor.Page, $"{name}-{look}");
        // The same markup in other colours and another width: only what those can spoil is asked again.
        string[] rules = look switch { "dark" => ["color-contrast"], "phone" => ["target-size"], _ => [] };
        faults.AddRange((await Accessible.FaultsAsync(visitor.Page, rules)).Select(fault => $"{name}, {look}: {fault}"));
        var width = await visitor.Page.EvaluateAsync<int>("() => document.documentElement.scrollWidth - innerWidth");
        if (width > 0)
            faults.Add($"{name}, {look}: {width} px wider than the window");
        var gap = look == "phone" ? await visitor.Page.EvaluateAsync<double>(Gap) : 0;
        if (gap is > 60 or < 0)
            faults.Add($"{name}, {look}: {gap} px between a stage and what comes below");
        if (look == "phone" && await visitor.Page.EvaluateAsync<double>("() => { const c = document.getElementById('channel'); return c ? c.scrollLeft % c.clientWidth : 0; }") is > 1 and < Phone - 1 and var between)
            faults.Add($"{name}, {look}: stands between two stages, {between} px beside one");
    }

    /// <summary>In a window as high as the page: a picture of more than the window shows lets what scrolls sideways slip.</summary>
    internal static async Task PictureAsync(IPage page, string name)
    {
        if (Screens is not { Length: > 0 } folder)
            return;
        var window = page.ViewportSize!;
        await page.SetViewportSizeAsync(window.Width, Math.Max(window.Height, await page.EvaluateAsync<int>("() => document.documentElement.scrollHeight")));
        await page.ScreenshotAsync(new PageScreenshotOptions { Path = Path.Combine(folder, name + ".png") });
        await page.SetViewportSizeAsync(window.Width, window.Height);
    }

    /// <summary>A state that a story has just come to: light, dark and on a phone.</summary>
    internal static async Task PicturesAsync(IPage page, string name)
    {
        if (Screens is not { Length: > 0 })
            return;
        var window = page.ViewportSize!;
        foreach (var (look, width, scheme) in new[] { ("light", window.Width, ColorScheme.Light), ("dark", window.Width, ColorScheme.Dark), ("phone", Phone, ColorScheme.Light) })
        {
            await page.EmulateMediaAsync(new() { ColorScheme = scheme });
            await page.SetViewportSizeAsync(width, window.Height);
            await PictureAsync(page, $"{name}-{look}");
        }

        await page.SetViewportSizeAsync(window.Width, window.Height);
    }

    /// <summary>As if it had run for an hour, with a gap and one bad minute.</summary>
    private async Task MeasureAsync(string app)
    {
        var id = new AppId((await world.AskAsync(HttpMethod.Get, $"/apps/{app}", null)).GetProperty("id").GetGuid());
        var history = new MetricHistory(world.Sluice.Data, TimeProvider.System);
        var now = DateTimeOffset.UtcNow;
        for (var minute = 58; minute > 1; minute--)
        {
            if (minute is > 30 and < 36)
                continue;
            var wave = 40 + (int)(30 * Math.Sin(minute / 9.0));
            history.Add(id, new MetricPoint
            {
                At = now.AddMinutes(-minute), Requests = wave * 3, ClientErrors = 1, ServerErrors = minute == 20 ? 9 : 0, P50 = 4, P95 = wave, P99 = minute == 20 ? 900 : wave * 2,
                MemoryBytes = (300L + wave) << 20, CpuPercent = wave / 2.0,
            });
        }
        // The server's user goes on writing it.
        File.SetUnixFileMode(Path.Combine(world.Sluice.Data.Metrics, id + ".jsonl"), (UnixFileMode)0b110_110_110);
    }

    private async Task<(string Name, string Path)[]> PagesAsync()
    {
        var (staging, canary, eu, us) = (await world.AppAsync("tour-staging"), await world.AppAsync("tour-canary"), await world.AppAsync("tour-eu"), await world.AppAsync("tour-us"));
        var pipeline = await world.PipelineAsync(world.Name("tour"), (staging, "staging"), (eu, "production"), (us, "production"));
        await world.AskAsync(HttpMethod.Post, $"/pipelines/{pipeline}/stages", new { name = "canary", after = "staging" });
        await world.AskAsync(HttpMethod.Post, "/pipeline-couplings", new { app = canary, pipeline, stage = "canary" });
        await world.AskAsync(HttpMethod.Patch, $"/apps/{us}/config-vars", new { GREETING = "broken", SEARCH_URL = "x" });
        await world.AskAsync(HttpMethod.Patch, $"/apps/{eu}/config-vars", new { GREETING = "\u001b[1;32mready\u001b[0m for \u001b[36mguests\u001b[0m, \u001b[30;43m 2 warnings \u001b[0m \u001b[31mand a fault\u001b[0m \u001b[34min\u001b[0m \u001b[35mall\u001b[2m colours\u001b[0m" });
        await world.PushAsync(staging, "Begin");
        await world.PushAsync(staging, "Send the refund e-mail once");
        await world.Sluice.ForgetSlugAsync((await world.AskAsync(HttpMethod.Get, $"/apps/{staging}/releases/2", null)).GetProperty("slug").GetProperty("id").GetGuid(), TestContext.Current.CancellationToken);
        await world.PromoteAsync(staging, canary);
        var promotion = await world.PromoteAsync(canary, eu, us);
        await world.PushAsync(staging, "Add orders.paid_at and its index", ("db/migrate/1.sql", "create table orders (id int)"));
        await world.PushAsync(await world.AppAsync("tour-alone"), "Keep what visitors typed when a form is sent twice, and say so where they look next");
        var person = await world.PersonAsync("kim");
        await world.AskAsync(HttpMethod.Post, $"/apps/{us}/collaborators", new { user = person.Email, permissions = new[] { "view" } });
        await world.AskAsync(HttpMethod.Put, $"/apps/{staging}/downstream", new { app = us });
        await world.AskAsync(HttpMethod.Put, $"/apps/{us}/buildpack-installations", new { updates = new[] { new { buildpack = "heroku/nodejs" }, new { buildpack = "heroku/procfile" } } });
        await MeasureAsync(eu);
        await world.AskAsync(HttpMethod.Patch, $"/apps/{us}", new { maintenance = true });
        var build = await world.BuildNothingAsync(eu);
        var (line, app) = ($"/dashboard/pipelines/{pipeline}", $"/dashboard/apps/{eu}");
        return
        [
            ("home", "/dashboard"), ("home-search", $"/dashboard?q={staging}"), ("how", "/dashboard/how"), ("new-pipeline", "/dashboard/new/pipeline"), ("new-app", "/dashboard/new/app"),
            ("account", "/dashboard/account"), ("pipeline", line), ("pipeline-empty", $"/dashboard/pipelines/{await world.PipelineAsync(world.Name("bare"))}"),
            ("promote", $"{line}/promote?from={staging}"), ("promotion", $"/dashboard/promotions/{promotion}"), ("changes", $"{line}/changes?q=refund"), ("history", $"{line}/history"),
            ("pipeline-access", $"{line}/access"), ("pipeline-settings", $"{line}/settings"), ("add-app", $"{line}/add?stage=staging"), ("place", $"{line}/place/{eu}"),
            ("app", app), ("app-failed", $"/dashboard/apps/{us}"), ("activity", $"{app}/activity"), ("release", $"{app}/activity/v2"), ("release-gone", $"/dashboard/apps/{staging}/activity/v2"), ("activity-gone", $"/dashboard/apps/{staging}/activity"), ("build", $"{app}/builds/{build}"), ("compare", $"{app}/compare?from=v1&to=v2"),
            ("resources", $"{app}/resources"), ("deploy", $"{app}/deploy"), ("metrics", $"{app}/metrics?hours=1"), ("metrics-empty", $"/dashboard/apps/{us}/metrics?hours=1"), ("logs", $"{app}/logs"), ("app-settings", $"/dashboard/apps/{us}/settings?show=SEARCH_URL"), ("app-access", $"/dashboard/apps/{us}/access"),
            ("not-here", "/dashboard/nowhere"),
        ];
    }
}
