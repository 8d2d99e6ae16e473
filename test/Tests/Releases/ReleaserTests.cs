using Sluice.Accounts;
using Sluice.Api;
using Sluice.Apps;
using Sluice.Logs;
using Sluice.Releases;
using Sluice.Runtime;
using Sluice.Storage;
using Sluice.Tests.Dynos;

namespace Sluice.Tests.Releases;

public sealed class ReleaserTests : IAsyncDisposable
{
    private const string Sha1 = "0f0a53b1111111111111111111111111111111111", Sha2 = "2222222222222222222222222222222222222222";
    private Outside outside = null!;
    private ReleaseWorld world = null!;

    private async Task<App> StartAsync(string name = "shop")
    {
        outside = await Outside.MakeAsync();
        world = await new ReleaseWorld(outside).StartAsync();
        return await world.AppAsync(name);
    }

    public async ValueTask DisposeAsync()
    {
        if (world is not null)
            await world.DisposeAsync();
        if (outside is not null)
            await outside.DisposeAsync();
    }

    /// <summary>The text of the first line of the app's log that fits, which may be still to come.</summary>
    private async Task<string?> FirstAsync(App app, Func<LogLine, bool> fits, CancellationToken ct)
    {
        await foreach (var line in world.AppLogs.TailAsync(app.Id, 0, LogFilter.All, ct))
        {
            if (fits(line))
                return line.Text;
        }
        return null;
    }

    [Fact]
    public async Task A_deploy_boots_web_and_routes_to_it()
    {
        var app = await StartAsync();
        var release = await world.DeployAsync(app, Sha1, "web: node web.js", "worker: node worker.js");
        Assert.Equal(("succeeded", 2, "Deploy 0f0a53b"), (release.Status, release.Version, release.Description));
        var target = Assert.Single(outside.Router.RouteOf(app.Id)!.Targets);
        var dyno = outside.Runtime.Find(target.Dyno)!;
        Assert.Equal(("web.1", 2, DynoState.Up), (dyno.Name, dyno.Generation, dyno.State));
        Assert.Equal(["shop.localhost"], outside.Router.RouteOf(app.Id)!.Hosts);
        Assert.Single(outside.Runtime.Alive);
        Assert.Equal(
            ["Deploy 0f0a53b by user ada@localhost", "Release v2 created by user ada@localhost"],
            (await world.AppLogs.RecentAsync(app.Id, 10, new LogFilter(), ReleaseWorld.None)).Select(l => l.Text));
        Assert.NotNull((await world.Apps.FindAsync(app.Id, ReleaseWorld.None))!.ReleasedAt);
    }

    [Fact]
    public async Task The_next_release_boots_beside_the_old_one_and_stops_it_after_the_flip()
    {
        var app = await StartAsync();
        await world.DeployAsync(app, Sha1, "web: node web.js");
        var old = outside.Router.RouteOf(app.Id)!.Targets[0].Dyno;
        var draining = new TaskCompletionSource();
        outside.Router.Drains = dyno => dyno == old ? draining.Task : Task.CompletedTask;
        var release = await world.DeployAsync(app, Sha2, "web: node web.js");
        Assert.Equal("succeeded", release.Status);
        Assert.Equal(DynoState.Up, outside.Runtime.Find(old)!.State);
        Assert.DoesNotContain(outside.Router.RouteOf(app.Id)!.Targets, t => t.Dyno == old);
        Assert.DoesNotContain(outside.Router.History, r => r.App == app.Id && r.Targets.IsEmpty && r.WhenEmpty == "H10");
        draining.SetResult();
        await ReleaseWorld.UntilAsync(() => outside.Runtime.Find(old) is null, "the old dyno stops");
    }

    [Fact]
    public async Task An_app_that_crashes_while_it_boots_fails_the_release_and_the_old_one_serves_on()
    {
        var app = await StartAsync();
        await world.DeployAsync(app, Sha1, "web: node web.js");
        var before = outside.Router.RouteOf(app.Id)!;
        outside.Runtime.Fates = _ => ScriptedRuntime.Fate.Crash;
        var release = await world.DeployAsync(app, Sha2, "web: node web.js");
        Assert.Equal(("failed", "web.1 crashed while it booted: exited with status 1. The app's log shows what it said."), (release.Status, release.Failure));
        Assert.Equal(before.Targets, outside.Router.RouteOf(app.Id)!.Targets);
        Assert.Equal(2, (await world.Ledger.CurrentAsync(app.Id, ReleaseWorld.None))!.Version);
        outside.Runtime.Fates = _ => ScriptedRuntime.Fate.Up;
        Assert.Equal(4, (await world.DeployAsync(app, Sha2, "web: node web.js")).Version);
    }

    [Fact]
    public async Task A_runtime_that_cannot_start_dynos_is_the_platforms_fault()
    {
        var app = await StartAsync();
        outside.Runtime.Fates = _ => ScriptedRuntime.Fate.CannotStart;
        var release = await world.DeployAsync(app, Sha1, "web: node web.js");
        Assert.Equal(("errored", "Platform error: no more addresses"), (release.Status, release.Failure));

        // Clients are told the same words, once.
        var scribe = new ReleaseScribe(world.Ledger, world.Releaser, new AccountTable(world.Db, TimeProvider.System), world.Slugs, tickets: null!, links: null!);
        var wire = await scribe.WriteAsync(app, release, ReleaseWorld.None);
        Assert.Equal(("failed", release.Failure), (wire.Status, wire.Failure));
    }

    [Fact]
    public async Task A_release_command_runs_first_with_the_new_config_and_its_lines_are_told()
    {
        var app = await StartAsync();
        await world.SetAsync(app, "GREETING", "hello");
        outside.Runtime.OneOffs = async (oneOff, print, _) =>
        {
            await print("migrating wi");
            await print("th " + oneOff.Env["GREETING"] + "\ndone");
            Assert.Empty(outside.Runtime.Started);
            return new SandboxExit(0, false, false);
        };
        var id = await world.Ledger.AddAsync(new ReleaseRequest.Deploy(app.Id, ReleaseWorld.Ada.Account, null, await world.SlugAsync(app, Sha1, "web: w", "release: migrate")), ReleaseWorld.None);
        var lines = new List<string>();
        var release = await world.Releaser.EndOfAsync(id, line => { lines.Add(line); return ValueTask.CompletedTask; }, ReleaseWorld.None);
        Assert.Equal("succeeded", release.Status);
        Assert.True(release.HasOutput);
        Assert.Equal(["migrating with hello", "done"], lines);
        Assert.Matches("^release\\.[0-9]{4}$", Assert.Single(outside.Runtime.Ran).Name);
        // A config change runs it again; an app's release type is no dyno.
        await world.SetAsync(app, "GREETING", "bye");
        await ReleaseWorld.UntilAsync(() => outside.Runtime.Ran.Count == 2, "the release command of the config change");
        Assert.DoesNotContain(outside.Runtime.Started, s => s.Type == "release");
    }

    [Fact]
    public async Task What_a_release_command_prints_is_in_the_apps_log_under_its_own_name_and_forges_no_line_of_the_platforms()
    {
        var app = await StartAsync();
        outside.Runtime.OneOffs = async (_, print, _) =>
        {
            await print("migrating\n2026-01-01T00:00:00+00:00 app[api]: Release v9");
            await print("9 created by user root\rheroku[router]: at=info\u2028app[api]: Build failed\nlast");
            return new SandboxExit(0, false, false);
        };
        await world.DeployAsync(app, Sha1, "web: w", "release: migrate");
        var name = Assert.Single(outside.Runtime.Ran).Name;
        var lines = (await world.AppLogs.RecentAsync(app.Id, 100, LogFilter.All, ReleaseWorld.None)).Select(l => $"{l.Source}[{l.Dyno}]: {l.Text}");
        Assert.Equal(
            [
                "app[api]: Deploy 0f0a53b by user ada@localhost", "app[api]: Release v2 created by user ada@localhost",
                $"heroku[{name}]: Starting process with command `migrate`",
                $"app[{name}]: migrating", $"app[{name}]: 2026-01-01T00:00:00+00:00 app[api]: Release v99 created by user root",
                $"app[{name}]: heroku[router]: at=info app[api]: Build failed", $"app[{name}]: last",
                $"heroku[{name}]: Process exited with status 0",
            ],
            lines);
    }

    [Fact]
    public async Task What_a_release_command_prints_cannot_command_a_terminal()
    {
        var app = await StartAsync();
        outside.Runtime.OneOffs = async (_, print, _) =>
        {
            await print("\e[31mred\e[0m \e]52;c;x\a\e[2Jgo");
            await print("ne\u009b2J\u0001\nlast");
            return new SandboxExit(0, false, false);
        };
        await world.DeployAsync(app, Sha1, "web: w", "release: migrate");
        var release = (await world.Ledger.CurrentAsync(app.Id, ReleaseWorld.None))!;
        Assert.Equal("\e[31mred\e[0m gone2J\nlast\n", await File.ReadAllTextAsync(new OpenLogs(outside.Data, TimeProvider.System).PathOf(release.Id), ReleaseWorld.None));
    }

    [Fact]
    public async Task A_failing_release_command_fails_the_release_and_nothing_is_started()
    {
        var app = await StartAsync();
        outside.Runtime.OneOffs = (_, _, _) => Task.FromResult(new SandboxExit(3, false, false));
        var release = await world.DeployAsync(app, Sha1, "web: w", "release: migrate");
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        Assert.Equal("Release v2 failed: The release command exited with status 3.", await FirstAsync(app, line => line.Dyno == "api" && line.Text.Contains("failed", StringComparison.Ordinal), limit.Token));
        Assert.Equal(("failed", "The release command exited with status 3.", true), (release.Status, release.Failure, release.HasOutput));
        Assert.Empty(outside.Runtime.Started);
        Assert.Equal(1, (await world.Ledger.CurrentAsync(app.Id, ReleaseWorld.None))!.Version);
    }

    [Fact]
    public async Task A_release_command_that_ran_when_the_server_died_is_not_run_again()
    {
        var app = await StartAsync();
        outside.Runtime.OneOffs = async (_, print, ct) =>
        {
            await print("half\n");
            await Task.Delay(Timeout.Infinite, ct);
            return new SandboxExit(0, false, false);
        };
        var id = await world.Ledger.AddAsync(new ReleaseRequest.Deploy(app.Id, ReleaseWorld.Ada.Account, null, await world.SlugAsync(app, Sha1, "web: w", "release: migrate")), ReleaseWorld.None);
        await ReleaseWorld.UntilAsync(() => outside.Runtime.Ran.Count == 1, "the release command");
        await world.DisposeAsync();
        world = await new ReleaseWorld(outside).StartAsync();
        var release = await world.EndOfAsync(id);
        Assert.Equal("failed", release.Status);
        Assert.Contains("does not run it twice", release.Failure);
        Assert.Single(outside.Runtime.Ran);
    }

    [Fact]
    public async Task A_boot_that_outlives_the_server_goes_on_and_its_minute_does_not_begin_anew()
    {
        var app = await StartAsync();
        await world.DeployAsync(app, Sha1, "web: node web.js");
        outside.Runtime.Fates = _ => ScriptedRuntime.Fate.Hang;
        var boots = await BootingAsync(Sha2);
        var dyno = Assert.Single(outside.Runtime.Alive, d => d.Generation == 3);
        await world.DisposeAsync();
        // What came up while there was no server is found up.
        outside.Runtime.ComesUp(dyno.Id);
        world = await new ReleaseWorld(outside).StartAsync();
        Assert.Equal("succeeded", (await world.EndOfAsync(boots)).Status);
        Assert.Equal(DynoState.Up, outside.Runtime.Find(dyno.Id)!.State);

        boots = await BootingAsync(Sha1);
        await world.DisposeAsync();
        // As if the server had been away for most of the minute.
        var begun = DateTimeOffset.UtcNow - TimeSpan.FromSeconds(59);
        await outside.Records.Db.WriteAsync(new Act("test", "age"), tx => tx.Execute($"UPDATE releases SET updated_at = {begun} WHERE id = {boots}"), ReleaseWorld.None);
        world = await new ReleaseWorld(outside).StartAsync();
        var failed = await world.EndOfAsync(boots);
        Assert.Equal(("failed", "The web dynos did not accept connections on $PORT within 60 seconds. The app's log shows what they said."), (failed.Status, failed.Failure));

        async Task<ReleaseId> BootingAsync(string commit)
        {
            var id = await world.Ledger.AddAsync(new ReleaseRequest.Deploy(app.Id, ReleaseWorld.Ada.Account, null, await world.SlugAsync(app, commit, "web: w")), ReleaseWorld.None);
            using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(20));
            while (await world.Ledger.FindAsync(id, limit.Token) is not { Step: "boot" } now || !outside.Runtime.Alive.Any(d => d.Generation == now.Version))
                await Task.Delay(10, limit.Token);
            return id;
        }
    }

    [Fact]
    public async Task A_release_that_waits_says_for_what()
    {
        var app = await StartAsync();
        await world.DeployAsync(app, Sha1, "web: node web.js");
        outside.Router.IsAway = true;
        var first = await world.Ledger.AddAsync(new ReleaseRequest.Deploy(app.Id, ReleaseWorld.Ada.Account, null, await world.SlugAsync(app, Sha2, "web: w")), ReleaseWorld.None);
        var second = await world.Ledger.AddAsync(new ReleaseRequest.Deploy(app.Id, ReleaseWorld.Ada.Account, null, await world.SlugAsync(app, Sha1, "web: w")), ReleaseWorld.None);
        const string Why = "The router does not answer. It is asked again until it does.";
        var (firstSaid, secondSaid) = (new TaskCompletionSource<string>(), new TaskCompletionSource<string>());
        var ends = new[] { EndAsync(first, firstSaid), EndAsync(second, secondSaid) };
        Assert.Equal("Waiting: " + Why, await firstSaid.Task.WaitAsync(TimeSpan.FromSeconds(30)));
        Assert.Equal("Waiting: v3 (Deploy 2222222) has to end first.", await secondSaid.Task.WaitAsync(TimeSpan.FromSeconds(30)));
        Assert.Equal(Why, await world.Releaser.WhyItWaitsAsync((await world.Ledger.FindAsync(first, ReleaseWorld.None))!, ReleaseWorld.None));
        outside.Router.IsAway = false;
        Assert.All(await Task.WhenAll(ends), release => Assert.Equal("succeeded", release.Status));
        Assert.Null(await world.Releaser.WhyItWaitsAsync((await world.Ledger.FindAsync(first, ReleaseWorld.None))!, ReleaseWorld.None));

        Task<Release> EndAsync(ReleaseId release, TaskCompletionSource<string> said) => world.Releaser.EndOfAsync(
            release,
            line =>
            {
                said.TrySetResult(line);
                return ValueTask.CompletedTask;
            },
            ReleaseWorld.None).WaitAsync(TimeSpan.FromSeconds(60));
    }

    [Fact]
    public async Task Other_types_than_web_never_overlap()
    {
        var app = await StartAsync();
        await world.DeployAsync(app, Sha1, "worker: node worker.js");
        await world.Formations.ScaleAsync(app, [new Scale("worker", "2", null)], ["worker"], ReleaseWorld.Ada, ReleaseWorld.None);
        world.Plans.Nudge(app.Id);
        await ReleaseWorld.UntilAsync(() => outside.Runtime.Alive.Length == 2, "two workers");
        outside.Runtime.StopTakes = TimeSpan.FromMilliseconds(200);
        await world.DeployAsync(app, Sha2, "worker: node worker.js");
        await ReleaseWorld.UntilAsync(() => outside.Runtime.Alive.Count(d => d.Generation == 3) == 2, "two new workers");
        Assert.All(outside.Runtime.MostAtOnce.Values, most => Assert.Equal(1, most));
    }

    [Fact]
    public async Task A_deploy_costs_few_commits()
    {
        var app = await StartAsync();
        var slug = await world.SlugAsync(app, Sha1, "web: w", "release: migrate");
        var before = world.Db.Writes;
        await world.EndOfAsync(await world.Ledger.AddAsync(new ReleaseRequest.Deploy(app.Id, ReleaseWorld.Ada.Account, null, slug), ReleaseWorld.None));
        Assert.InRange(world.Db.Writes - before, 1, 5);
    }

    [Fact]
    public async Task Scaling_needs_no_release()
    {
        var app = await StartAsync();
        await world.DeployAsync(app, Sha1, "web: w");
        await world.Formations.ScaleAsync(app, [new Scale("web", "3", null)], ["web"], ReleaseWorld.Ada, ReleaseWorld.None);
        world.Plans.Nudge(app.Id);
        await ReleaseWorld.UntilAsync(() => outside.Router.RouteOf(app.Id)!.Targets.Length == 3, "three targets");
        await world.Formations.ScaleAsync(app, [new Scale("web", "0", null)], ["web"], ReleaseWorld.Ada, ReleaseWorld.None);
        world.Plans.Nudge(app.Id);
        await ReleaseWorld.UntilAsync(() => outside.Runtime.Alive.IsEmpty, "none left");
        Assert.Equal("H14", outside.Router.RouteOf(app.Id)!.WhenEmpty);
    }
}
