using Microsoft.Playwright;

namespace Sluice.Tests.Dashboard;

public sealed class StillnessTests(DashboardWorld world)
{
    /// <summary>
    /// Notes what the browser calls a layout shift, and, since new nodes are none to it, whatever stands elsewhere or is larger than in the frame before: cards,
    /// buttons of gates, heads; of a promotion only where it begins, since the last section of the page may grow.
    /// </summary>
    private const string Watch = """
        () => {
          window.shifts = [];
          const name = node => node?.id ? `#${node.id}` : node?.className ? `.${node.className}` : node?.nodeName;
          new PerformanceObserver(list => {
            for (const e of list.getEntries()) if (e.value > 0) window.shifts.push(`${e.value.toFixed(4)} ${e.sources.map(s => `${name(s.node)} y ${s.previousRect.y} to ${s.currentRect.y}, h ${s.previousRect.height} to ${s.currentRect.height}`).join("; ")}`);
          }).observe({ type: "layout-shift" });
          const places = new Map();
          const look = () => {
            for (const e of document.querySelectorAll(".tabs, .card[id], .gate .button[id], .stage h2[id], #h-moves, .move[id], .past li[id], #h-rel, #h-form, #h-log, .tail")) {
              const r = e.getBoundingClientRect(), at = `${r.x.toFixed(0)} ${(r.y + scrollY).toFixed(0)} ${e.matches(".card, .button") ? `${r.width.toFixed(0)}x${r.height.toFixed(0)}` : ""}`;
              const key = e.id || e.className, before = places.get(key);
              if (before !== undefined && before !== at) window.shifts.push(`${key}: ${before} to ${at}`);
              places.set(key, at);
            }
            requestAnimationFrame(look);
          };
          look();
        }
        """;

    [Theory]
    [InlineData(1440)]
    [InlineData(390)]
    public async Task Nothing_on_a_pipelines_page_moves_while_its_apps_do(int width)
    {
        await world.OpenAsync();
        var (staging, eu, us) = (await world.AppAsync("still"), await world.AppAsync("still-eu"), await world.AppAsync("still-us"));
        var pipeline = await world.PipelineAsync(world.Name("still"), (staging, "staging"), (eu, "production"), (us, "production"));
        await world.PushAsync(staging, "Begin");
        await world.PromoteAsync(staging, eu);
        await using var visitor = await world.AdminAsync(width);
        var page = visitor.Page;
        await page.GotoAsync($"/dashboard/pipelines/{pipeline}");
        await Assertions.Expect(page.Locator(".live")).ToContainTextAsync("Live");
        await page.EvaluateAsync(Watch);
        var faults = new List<string>();

        await StepAsync("a push with a release command", "subject that takes", async () => await world.PushAsync(
            staging, "Say in the subject that takes more than one line on a narrow card what this change is about, and why it was made", ("Procfile", "web: perl server.pl\nrelease: echo it migrates && sleep 1 && test \"$GREETING\" != broken\n")));
        await StepAsync("config that differs", "1 config key", () => world.AskAsync(HttpMethod.Patch, $"/apps/{us}/config-vars", new { GREETING = "broken" }));
        await StepAsync("maintenance", "Maintenance is on", () => world.AskAsync(HttpMethod.Patch, $"/apps/{eu}", new { maintenance = true }));
        await StepAsync("a promotion that fails on one", "The release command exited", () => world.PromoteAsync(staging, eu, us));
        await StepAsync("a restart", "web 1/1", () => world.AskAsync(HttpMethod.Delete, $"/apps/{eu}/dynos", null));
        await StepAsync("another promotion", $"3 {staging} v", async () =>
        {
            await world.AskAsync(HttpMethod.Patch, $"/apps/{us}/config-vars", new { GREETING = "well" });
            await world.PromoteAsync(staging, us);
        });
        await StepAsync("a process that crashes", "clock.1 exited with 3", async () =>
        {
            await world.PushAsync(staging, "Crash", ("Procfile", "web: perl server.pl\nclock: exit 3\n"));
            await world.AskAsync(HttpMethod.Patch, $"/apps/{staging}/formation", new { updates = new[] { new { type = "clock", quantity = 1 } } });
        });
        Assert.True(faults.Count == 0, string.Join('\n', faults));
        Assert.Empty(visitor.Complaints);

        Task StepAsync(string what, string seen, Func<Task> act) => SeeAsync(page, faults, what, seen, act);
    }

    [Theory]
    [InlineData(1440)]
    [InlineData(390)]
    public async Task On_an_apps_page_what_is_new_has_its_place(int width)
    {
        await world.OpenAsync();
        var app = await world.AppAsync("calm");
        await world.PushAsync(app, "Begin", ("Procfile", "web: perl server.pl\nclock: exit 3\n"));
        await using var visitor = await world.AdminAsync(width);
        var page = visitor.Page;
        await page.GotoAsync($"/dashboard/apps/{app}");
        await Assertions.Expect(page.Locator(".live")).ToContainTextAsync("Live");
        await page.EvaluateAsync(Watch);
        var faults = new List<string>();

        await SeeAsync(page, faults, "maintenance", "Maintenance is on", () => world.AskAsync(HttpMethod.Patch, $"/apps/{app}", new { maintenance = true }));
        await SeeAsync(page, faults, "a push with a release command", "takes more than one line", () => world.PushAsync(
            app, "Say in a subject that takes more than one line on a telephone what this is about", ("Procfile", "web: perl server.pl\nclock: exit 3\nrelease: echo it migrates && sleep 1\n")));
        await SeeAsync(page, faults, "a process that crashes", "clock.1 exited with 3", () => world.AskAsync(HttpMethod.Patch, $"/apps/{app}/formation", new { updates = new[] { new { type = "clock", quantity = 1 } } }));
        await SeeAsync(page, faults, "a build that fails", "nightly", () => world.BuildNothingAsync(app));
        foreach (var greeting in new[] { "a", "b", "c" })
            await SeeAsync(page, faults, "a change of config", "Set GREETING", () => world.AskAsync(HttpMethod.Patch, $"/apps/{app}/config-vars", new { GREETING = greeting }));
        Assert.True(faults.Count == 0, string.Join('\n', faults));
        Assert.Empty(visitor.Complaints);
    }

    private static async Task SeeAsync(IPage page, List<string> faults, string what, string seen, Func<Task> act)
    {
        await act();
        await Assertions.Expect(page.Locator("main")).ToContainTextAsync(seen);
        await Task.Delay(TimeSpan.FromSeconds(1), TestContext.Current.CancellationToken);   // for what follows it
        faults.AddRange((await page.EvaluateAsync<string[]>("window.shifts.splice(0)")).Select(shift => $"{what}: {shift}"));
    }
}
