using System.Net.Http.Json;
using System.Text.Json;
using Sluice.Tests.Roles;
using Sluice.Wire;

namespace Sluice.Tests.EndToEnd;

/// <summary>kill -9 is an ordinary event: what each role's sudden end may cost, and that all is whole again soon after.</summary>
[Collection<SharedShop>]
public sealed class KilledRoleTests(TwoVersions shop)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Visitors_do_not_notice_that_the_server_or_the_agent_is_killed()
    {
        await using var visitors = new Visitors(shop.Keeper.Sluice.Address, "shop");
        foreach (var role in new[] { "server", "agent", "server", "agent" })
        {
            await KillAsync(role);
            await BackAsync();
        }
        await visitors.StopAsync();
        Assert.Empty(visitors.Lost);
        Assert.True(visitors.Visits > 20);
        await shop.AssertWholeAsync();
    }

    [Fact]
    public async Task A_killed_router_costs_the_requests_in_flight_and_no_other()
    {
        const int Kills = 3;
        await using var visitors = new Visitors(shop.Keeper.Sluice.Address, "shop");
        for (var kill = 0; kill < Kills; kill++)
        {
            await KillAsync("router");
            await BackAsync();
        }
        await visitors.StopAsync();
        Assert.True(visitors.Lost.Count <= Kills * Visitors.People, string.Join('\n', visitors.Lost));
        await shop.AssertWholeAsync();
    }

    [Theory]
    [InlineData("server")]
    [InlineData("agent")]
    [InlineData("router")]
    public async Task A_promotion_in_whose_middle_a_role_is_killed_is_all_old_or_all_new(string role)
    {
        var visitors = new Visitors(shop.Keeper.Sluice.Address, "shop");
        var release = 2;
        foreach (var moment in new[] { 0, 40, 120, 300, 700 })
        {
            release = 5 - release;
            var promotion = shop.BeginAsync(release);
            await Task.Delay(moment, Ct);
            await KillAsync(role);
            await promotion.ContinueWith(_ => { }, TaskScheduler.Default);   // its answer may be lost with the role; the ledger tells
            await BackAsync();
            var releases = await shop.SettledAsync();
            var text = releases.First(r => r.Status == "succeeded").Slug!.Id == releases.First(r => r.Version == 2).Slug!.Id ? "first version" : "second version";
            await shop.UntilAsync($"production answers with its current release, {text}", async () => await shop.Keeper.VisitAsync("shop") is { } seen && seen.Contains(text, StringComparison.Ordinal));
        }
        await shop.PromoteAsync(5 - release);
        await visitors.DisposeAsync();
        if (role != "router")
            Assert.Empty(visitors.Lost);
        await shop.AssertWholeAsync();
    }

    [Theory]
    [InlineData("server")]
    [InlineData("agent")]
    [InlineData("router")]
    public async Task A_push_in_whose_middle_a_role_is_killed_changes_nothing_and_the_next_works(string role)
    {
        var keeper = shop.Keeper;
        var before = await keeper.GitAsync("ls-remote", "staging", "main");
        var old = await keeper.VisitAsync("shop-staging");
        await keeper.EditAsync("package.json", _ => """{ "name": "shop", "private": true, "scripts": { "build": "sleep 3" } }""");
        await keeper.EditAsync("server.js", text => TwoVersions.Say(text, $"then {role}"));
        await keeper.CommitAsync("Another version");

        var push = keeper.GitAsync("push", "staging", "main");
        await shop.UntilAsync("a build runs", async () =>
        {
            Assert.False(push.IsCompleted, push.IsCompleted ? $"The push ended before its build was seen: {await push}\n{keeper.Sluice.Said}" : "");
            return (await BuildsAsync()).Any(b => b.Status == "pending");
        });
        await Task.Delay(500, Ct);
        await KillAsync(role);
        var (code, said) = await push.WaitAsync(TimeSpan.FromSeconds(60), Ct);
        Assert.True(code != 0, said);
        if (role == "agent")
            Assert.Contains("Push again.", said, StringComparison.Ordinal);

        await BackAsync();
        await shop.UntilAsync("no build is pending", async () => (await BuildsAsync()).All(b => b.Status != "pending"));
        Assert.Equal(before, await keeper.GitAsync("ls-remote", "staging", "main"));
        Assert.Equal(old, await keeper.VisitAsync("shop-staging"));
        await keeper.PushAsync("staging");
        Assert.Contains($"then {role}", await keeper.VisitAsync("shop-staging"), StringComparison.Ordinal);
        await shop.AssertWholeAsync();
    }

    [Fact]
    public async Task A_setup_in_whose_middle_the_server_is_killed_is_whole_or_was_never_begun_and_leaves_no_tarball()
    {
        var uploads = shop.Keeper.Sluice.Data.Uploads;
        using var http = new HttpClient { BaseAddress = shop.Keeper.Sluice.Address };
        http.DefaultRequestHeaders.Authorization = new("Bearer", File.ReadAllText(shop.Keeper.Sluice.Data.AdminKey).Trim());
        foreach (var (moment, name) in new[] { (0, "setup-a"), (25, "setup-b"), (60, "setup-c"), (400, "setup-d") })
        {
            // What dies with the taking of it stands for the moment that a kill may miss.
            await File.WriteAllTextAsync(Path.Combine(uploads, $"build-{Guid.NewGuid():n}.tgz"), "taken, and then the power went", Ct);
            var source = await http.GetFromJsonAsync<JsonElement>("/github/repos/sluice/shop-staging/tarball/main", Ct);
            var asked = http.PostAsJsonAsync("/app-setups", new { source_blob = new { url = source.GetProperty("archive_link").GetString() }, app = new { name } }, Ct);
            await Task.Delay(moment, Ct);
            await KillAsync("server");
            await asked.ContinueWith(_ => { }, TaskScheduler.Default);   // its answer may be lost with the server; the app tells
            await BackAsync();

            if ((await shop.Client.ListAsync<AppWire>("/apps", Ct)).Any(app => app.Name == name))
            {
                await shop.UntilAsync($"{name} is built and released", async () => (await shop.Client.ListAsync<ReleaseWire>($"/apps/{name}/releases", Ct)).Any(r => r is { Version: 2, Status: "succeeded" }));
                await shop.Keeper.TypeAsync($"apps:destroy {name} --confirm {name}");
            }
            await shop.UntilAsync("no tarball is left", () => Task.FromResult(Directory.GetFiles(uploads, "build-*").Length == 0));
        }
        await shop.AssertWholeAsync();
    }

    [Fact]
    public async Task A_router_that_hangs_for_a_while_makes_visitors_wait_and_loses_none()
    {
        await using var visitors = new Visitors(shop.Keeper.Sluice.Address, "shop");
        var pid = shop.Keeper.Sluice.PidOf("router");
        await RunningSluice.StopWholeAsync(pid);
        await Task.Delay(2000, Ct);
        RunningSluice.Signal(pid, "CONT");
        var before = visitors.Visits;
        await shop.UntilAsync("visitors go on", () => Task.FromResult(visitors.Visits > before + 20));
        await visitors.StopAsync();
        Assert.Empty(visitors.Lost);
        await shop.AssertWholeAsync();
    }

    private Task<IReadOnlyList<BuildWire>> BuildsAsync() => shop.Client.ListAsync<BuildWire>("/apps/shop-staging/builds", Ct);

    private Task KillAsync(string role)
    {
        var pid = shop.Keeper.Sluice.PidOf(role);
        RunningSluice.Signal(pid, "KILL");
        return shop.Keeper.Sluice.UntilAsync(() => File.Exists(shop.Keeper.Sluice.Data.PidFile(role)) && int.TryParse(File.ReadAllText(shop.Keeper.Sluice.Data.PidFile(role)), out var next) && next != pid);
    }

    private Task BackAsync() => shop.UntilAsync("everything is healthy again", async () =>
    {
        using var http = new HttpClient { Timeout = TimeSpan.FromSeconds(10) };
        using var answer = await http.GetAsync(new Uri(shop.Keeper.Sluice.Address, "/healthz"), Ct);
        return answer.IsSuccessStatusCode;
    });
}
