using System.Collections.Immutable;
using System.Text;
using Sluice.Accounts;
using Sluice.Apps;
using Sluice.Builds;
using Sluice.Logs;
using Sluice.Runtime;
using Sluice.Storage;

namespace Sluice.Tests.Builds;

/// <summary>What a build does with source, buildpacks, config, cache and with those who wish it ill; everything in real sandboxes.</summary>
public sealed class BuildTests(BuildGround ground) : IClassFixture<BuildGround>
{
    private static readonly (string, string) Procfile = ("Procfile", "web: ./run\n");

    private static (string, string) Postbuild(string script) =>
        ("package.json", System.Text.Json.JsonSerializer.Serialize(new { name = "x", scripts = new Dictionary<string, string> { ["heroku-postbuild"] = script } }));

    [Fact]
    public async Task What_slugignore_names_is_not_in_the_slug()
    {
        BuildGround.NeedRoot();
        var slug = await ground.SlugAsync(await ground.AppAsync(), ground.Tar(
            Procfile, (".slugignore", "# comment\n*.psd\n/docs\nspec\ntest/data/\n\n!keep\n../etc"),
            ("a.psd", ""), ("deep/b.psd", ""), ("docs/x", ""), ("deep/docs/y", ""), ("deep/spec/z", ""), ("test/data/q", ""), ("test/keep", ""), ("run!", "#!/bin/sh\n")));

        Assert.Equal([".slugignore", "Procfile", "deep/docs/y", "run", "test/keep"], (await ground.FilesAsync(slug)).Keys);
    }

    [Fact]
    public async Task Without_a_fitting_buildpack_it_fails_and_says_what_would_fit()
    {
        BuildGround.NeedRoot();
        var app = await ground.AppAsync();

        var (outcome, lines) = await ground.BuildAsync(app, ground.Tar(("README", "hello")));

        var failed = Assert.IsType<BuildOutcome.Failed>(outcome);
        Assert.StartsWith("No buildpack fits this app: no package.json", failed.Why, StringComparison.Ordinal);
        Assert.Contains(" !     " + failed.Why, lines);
        var row = Assert.Single(await ground.Get<BuildTable>().ListAsync(app.Id, BuildGround.Ct));
        Assert.Equal(("failed", failed.Why), (row.Status, row.Reason));
        Assert.Contains(failed.Why, await File.ReadAllTextAsync(ground.Get<OpenLogs>().PathOf(row.Id), BuildGround.Ct), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_build_whose_app_is_destroyed_says_so_and_blames_nobody()
    {
        BuildGround.NeedRoot();
        var app = await ground.AppAsync();
        var request = ground.Request(app, ground.Tar(Procfile, Postbuild("echo now; sleep 1")));

        var outcome = await ground.Get<Builder>().BuildAsync(request, async line =>
        {
            if (line.Trim() == "now")
                await ground.Get<AppCatalog>().DestroyAsync(app, ground.Admin, BuildGround.Ct);
        }, BuildGround.Ct);

        Assert.Equal($"{app.Name} was destroyed while it was built.", Assert.IsType<BuildOutcome.Failed>(outcome).Why);
    }

    [Fact]
    public async Task A_failing_compile_is_the_apps_fault_with_its_exit_code()
    {
        BuildGround.NeedRoot();
        var (outcome, lines) = await ground.BuildAsync(await ground.AppAsync(), ground.Tar(Postbuild("echo about to fail; exit 3")));

        Assert.Equal("The compile step of heroku/nodejs failed with exit code 3.", Assert.IsType<BuildOutcome.Failed>(outcome).Why);
        Assert.Contains("       about to fail", lines);
    }

    [Fact]
    public async Task A_failing_release_step_of_a_buildpack_is_named_with_its_exit_code()
    {
        BuildGround.NeedRoot();
        var release = Path.Combine(ground.Data.Builds, "buildpacks", "procfile", "bin", "release");
        var (before, mode) = (await File.ReadAllTextAsync(release, BuildGround.Ct), File.GetUnixFileMode(release));
        try
        {
            await File.WriteAllTextAsync(release, "#!/bin/sh\necho 'default_process_types: {web: true}'\nexit 4\n", BuildGround.Ct);
            File.SetUnixFileMode(release, mode);
            var (outcome, _) = await ground.BuildAsync(await ground.AppAsync(), ground.Tar(Procfile));
            Assert.Equal("The release step of heroku/procfile failed with exit code 4.", Assert.IsType<BuildOutcome.Failed>(outcome).Why);
        }
        finally
        {
            await File.WriteAllTextAsync(release, before, CancellationToken.None);
        }
    }

    [Fact]
    public async Task A_name_that_is_not_UTF8_fails_the_build_by_name_and_leaves_nothing_behind()
    {
        BuildGround.NeedRoot();
        var (outcome, _) = await ground.BuildAsync(await ground.AppAsync(), ground.Tar(Procfile, Postbuild("node -e \"fs.writeFileSync(Buffer.from([98, 255]), '1')\"")));

        var failed = Assert.IsType<BuildOutcome.Failed>(outcome);
        Assert.Equal(@"The name of a file is not UTF-8: b\xff. Rename it.", failed.Why);
        Assert.False(Directory.Exists(Path.Combine(ground.Data.Builds, failed.Build.Value.ToString("N"))));
    }

    [Fact]
    public async Task Several_buildpacks_run_in_order_and_the_last_gives_the_default_processes()
    {
        BuildGround.NeedRoot();
        var app = await ground.AppAsync();
        await ground.Get<BuildpackList>().ReplaceAsync(app, ["heroku/nodejs", "heroku/python"], ground.Admin, BuildGround.Ct);

        var slug = await ground.SlugAsync(app, ground.Tar(("package.json", "{\"name\":\"x\",\"scripts\":{\"start\":\"true\"}}"), ("app.py", "print(1)\n")));

        Assert.Equal("python app.py", slug.ProcessTypes["web"]);
        Assert.Equal("Node.js, Python", slug.BuildpackDescription);
        Assert.Contains(".profile.d/nodejs.sh", (await ground.FilesAsync(slug)).Keys);
    }

    [Fact]
    public async Task A_buildpack_that_does_not_fit_is_named()
    {
        BuildGround.NeedRoot();
        var app = await ground.AppAsync();
        await ground.ConfigureAsync(app, ("BUILDPACK_URL", "heroku/python"));

        var (outcome, _) = await ground.BuildAsync(app, ground.Tar(("package.json", "{}")));

        Assert.Equal("App not compatible with buildpack: heroku/python", Assert.IsType<BuildOutcome.Failed>(outcome).Why);
    }

    [Fact]
    public async Task Config_vars_reach_the_build_and_only_that_apps()
    {
        BuildGround.NeedRoot();
        var (mine, other) = (await ground.AppAsync(), await ground.AppAsync());
        await ground.ConfigureAsync(mine, ("GREETING", "Hi 'there' $(id)\nsecond line"));
        await ground.ConfigureAsync(other, ("SECRET", "canary"));

        var slug = await ground.SlugAsync(mine, ground.Tar(Postbuild("printf %s \"$GREETING\" > greeting; ls -A /env > vars; env > all")));

        var files = await ground.FilesAsync(slug);
        Assert.Equal("Hi 'there' $(id)\nsecond line", files["greeting"]);
        Assert.Equal("GREETING\n", files["vars"]);
        Assert.DoesNotContain("canary", files["all"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Dependencies_are_kept_between_builds_and_shared_with_no_other_app()
    {
        BuildGround.NeedRoot();
        var app = await ground.AppAsync();
        (string, string)[] source =
        [
            ("package.json", """{"name":"x","version":"1.0.0","dependencies":{"inner":"file:inner.tgz"}}"""), ("server.js", "require('inner')"),
        ];
        // A package in a tarball: npm copies it to node_modules, without any registry.
        using var package = new Storage.TempFolder();
        Directory.CreateDirectory(package.At("package"));
        await File.WriteAllTextAsync(package.At("package/package.json"), """{"name":"inner","version":"1.0.0","main":"index.js"}""", BuildGround.Ct);
        await File.WriteAllTextAsync(package.At("package/index.js"), "console.log('inner')", BuildGround.Ct);
        BuildGround.Run("tar", "-C", package.Path, "--sort=name", "--mtime=@0", "-czf", package.At("inner.tgz"), "package");

        async Task<string> SourceAsync()
        {
            using var folder = new Storage.TempFolder();
            foreach (var (name, content) in source)
                await File.WriteAllTextAsync(folder.At(name), content, BuildGround.Ct);
            File.Copy(package.At("inner.tgz"), folder.At("inner.tgz"));
            return ground.Tar(folder.Path);
        }

        var first = await ground.SlugAsync(app, await SourceAsync());
        var (again, lines) = await ground.BuildAsync(app, await SourceAsync());
        var (elsewhere, others) = await ground.BuildAsync(await ground.AppAsync(), await SourceAsync());

        Assert.Equal("console.log('inner')", (await ground.FilesAsync(first))["node_modules/inner/index.js"]);
        Assert.IsType<BuildOutcome.Succeeded>(again);
        Assert.Contains("-----> Dependencies are unchanged: using those of the last build", lines);
        Assert.IsType<BuildOutcome.Succeeded>(elsewhere);
        Assert.DoesNotContain("-----> Dependencies are unchanged: using those of the last build", others);
        Assert.DoesNotContain((await ground.FilesAsync(first)).Keys, path => path.StartsWith(".build-cache", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_second_build_of_an_app_waits_and_says_so()
    {
        BuildGround.NeedRoot();
        var app = await ground.AppAsync();
        var slow = new TaskCompletionSource();
        var first = ground.Get<Builder>().BuildAsync(ground.Request(app, ground.Tar(Postbuild("echo begun; sleep 2"))), line =>
        {
            if (line.EndsWith("begun", StringComparison.Ordinal))
                slow.TrySetResult();
            return default;
        }, BuildGround.Ct);
        await slow.Task.WaitAsync(TimeSpan.FromSeconds(60), BuildGround.Ct);

        var (outcome, lines) = await ground.BuildAsync(app, ground.Tar(Procfile));

        Assert.True(first.IsCompleted);
        Assert.Equal($"-----> Another build of {app.Name} is running; waiting for it to end", lines[0]);
        Assert.IsType<BuildOutcome.Succeeded>(outcome);
        Assert.IsType<BuildOutcome.Succeeded>(await first);
    }

    [Fact]
    public async Task A_cancelled_build_is_failed_and_leaves_no_process_and_no_folder()
    {
        BuildGround.NeedRoot();
        var app = await ground.AppAsync();
        using var cancel = new CancellationTokenSource();
        var marker = $"sleep {Random.Shared.Next(100_000, 900_000)}";

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => ground.Get<Builder>().BuildAsync(
            ground.Request(app, ground.Tar(Postbuild($"echo begun; {marker}"))),
            line => { if (line.EndsWith("begun", StringComparison.Ordinal)) cancel.Cancel(); return default; }, cancel.Token));

        var row = Assert.Single(await ground.Get<BuildTable>().ListAsync(app.Id, BuildGround.Ct));
        Assert.Equal(("failed", "Cancelled."), (row.Status, row.Reason));
        var folder = Path.Combine(ground.Data.Builds, row.Id.Value.ToString("N"));
        for (var tries = 0; tries < 100 && (Directory.Exists(folder) || Running(marker)); tries++)
            await Task.Delay(100, BuildGround.Ct);
        Assert.False(Directory.Exists(folder));
        Assert.False(Running(marker));
    }

    [Fact]
    public async Task A_slug_above_the_apps_quota_fails_the_build_and_says_whom_to_ask()
    {
        BuildGround.NeedRoot();
        var app = await ground.AppAsync();
        var quotas = ground.Get<QuotaTable>();
        await quotas.SetAsync(app, new Dictionary<string, long?> { ["slug-mb"] = 1 }, ground.Admin, BuildGround.Ct);

        var (outcome, _) = await ground.BuildAsync(app, Large());

        Assert.Equal("Compiled slug size: 1.5M is too large (max is 1M). Name what it need not hold in .slugignore, or ask an administrator: sluice quotas:set slug-mb=N.", Assert.IsType<BuildOutcome.Failed>(outcome).Why);
        await quotas.SetAsync(app, new Dictionary<string, long?> { ["slug-mb"] = 2 }, ground.Admin, BuildGround.Ct);
        await ground.SlugAsync(app, Large());

        string Large() => ground.Tar(Procfile, Postbuild("head -c 1500000 /dev/zero >big"));
    }

    [Fact]
    public async Task The_same_build_asked_for_again_while_the_first_is_still_being_ended_is_built_whole()
    {
        BuildGround.NeedRoot();
        var app = await ground.AppAsync();
        var run = new BuildRun
        {
            Id = BuildId.New(), App = app.Id, FromGit = true, Buildpacks = [], Config = ImmutableDictionary<string, string>.Empty, MaxSlugMb = 1024,
            SourceFile = Path.GetFileName(ground.Tar(Procfile, Postbuild("echo begun; sleep 1; echo over"))),
        };
        for (var round = 0; round < 3; round++)
        {
            using var died = new CancellationTokenSource();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => CallAsync(line => { if (line.Contains("begun", StringComparison.Ordinal)) died.Cancel(); }, died.Token));

            var ran = await CallAsync(_ => { }, BuildGround.Ct);

            Assert.True(ran.Failure is null, ran.Failure);
            Assert.NotNull(ran.Digest);
        }

        Task<BuildRan> CallAsync(Action<string> printed, CancellationToken ct) => ground.Get<AgentClient>().CallAsync<BuildRun, BuildRan>(
            BuildRun.Op, run, bytes => { printed(Encoding.UTF8.GetString(bytes.Span)); return default; }, ct);
    }

    [Fact]
    public async Task A_build_ends_with_its_command_though_a_process_it_left_holds_its_output_open_and_the_apps_log_tells_begin_and_end()
    {
        BuildGround.NeedRoot();
        var app = await ground.AppAsync();
        var left = $"sleep {Random.Shared.Next(100_000, 900_000)}";

        var (outcome, lines) = await ground.BuildAsync(app, ground.Tar(Procfile, Postbuild($"{left} & echo built"))).WaitAsync(TimeSpan.FromMinutes(2), BuildGround.Ct);

        Assert.IsType<BuildOutcome.Succeeded>(outcome);
        Assert.Contains("       built", lines);
        Assert.False(Running(left));
        await ground.BuildAsync(app, ground.Tar(Postbuild("echo '2026-01-01T00:00:00+00:00 app[api]: Build succeeded'; exit 1")));
        var said = await ground.Get<AppLogs>().RecentAsync(app.Id, 100, LogFilter.All, BuildGround.Ct);
        var failed = (await ground.Get<BuildTable>().ListAsync(app.Id, BuildGround.Ct))[0].Id;
        Assert.Equal(
            ["Build started by user admin@localhost", "Build succeeded", "Build started by user admin@localhost", $"Build failed -- its output: sluice builds:output {failed}"],
            said.Select(l => l.Text));
        Assert.All(said, line => Assert.Equal(("app", "api"), (line.Source, line.Dyno)));
    }

    [Fact]
    public async Task A_build_that_prints_without_end_is_stopped()
    {
        BuildGround.NeedRoot();
        var (outcome, _) = await ground.BuildAsync(await ground.AppAsync(), ground.Tar(Postbuild("yes 'this is a line that says nothing at all, over and over again'")));

        Assert.Equal("The build printed more than 10 MB.", Assert.IsType<BuildOutcome.Failed>(outcome).Why);
    }

    [Fact]
    public async Task What_a_build_prints_cannot_command_a_terminal()
    {
        BuildGround.NeedRoot();
        var (_, lines) = await ground.BuildAsync(await ground.AppAsync(), ground.Tar(Postbuild(@"printf '\033[31mred\033[0m \033]52;c;x\007\033[2Jgone\001 0\n'")));

        Assert.Contains("       \e[31mred\e[0m gone 0", lines);
    }

    /// <summary>Every place that the agent looks at afterwards, turned into a link to the host's files.</summary>
    [Fact]
    public async Task A_build_that_plants_links_where_the_agent_looks_gains_nothing()
    {
        BuildGround.NeedRoot();
        var app = await ground.AppAsync();
        var passwd = await File.ReadAllTextAsync("/etc/passwd", BuildGround.Ct);
        var slug = await ground.SlugAsync(app, ground.Tar(("server.js", ""), Postbuild(
            "rm -rf /app/.build-cache && ln -s /etc /app/.build-cache; ln -sf /etc/passwd /build/out/Procfile; ln -sf /etc/passwd /build/out/names; mkfifo /build/out/found2; ln -s /etc/passwd stolen")));

        Assert.Equal("node server.js", slug.ProcessTypes["web"]);
        Assert.DoesNotContain("root", slug.BuildpackDescription!, StringComparison.Ordinal);
        Assert.Equal(passwd, await File.ReadAllTextAsync("/etc/passwd", BuildGround.Ct));
        Assert.DoesNotContain((await ground.FilesAsync(slug)).Keys, path => path.StartsWith(".build-cache", StringComparison.Ordinal));
        var next = await ground.SlugAsync(app, ground.Tar(("server.js", ""), Postbuild("mkdir -p .build-cache/node && cd .build-cache && printf '../env\\n/etc\\nlink\\n.\\n' > .linked && ln -s /etc ../link")));
        Assert.NotNull(next.Digest);
        Assert.True(Directory.Exists("/etc"));
    }

    [Fact]
    public async Task An_API_build_is_built_by_the_worker_and_waits_for_its_release()
    {
        BuildGround.NeedRoot();
        var app = await ground.AppAsync();

        // All in one folder, as the archives of git forges have it.
        var build = await ground.Get<Builder>().EnqueueAsync(
            ground.Request(app, ground.Tar(("shop-1.0/Procfile", "web: ./run"), ("shop-1.0/run!", "#!/bin/sh\n")), fromGit: false) with { Commit = "v1.0" }, "https://example.com/x.tgz", null, BuildGround.Ct);

        var done = await EndOfAsync(app, build.Id);
        Assert.Equal(("succeeded", "v1.0"), (done.Status, done.Commit));
        Assert.Contains(await ground.Get<BuildTable>().WithoutReleaseAsync(BuildGround.Ct), b => b.Id == build.Id);
        var slug = await ground.Get<Sluice.Slugs.SlugCatalog>().FindAsync(done.Slug!.Value, BuildGround.Ct);
        Assert.Equal(["Procfile", "run"], (await ground.FilesAsync(slug!)).Keys);
    }

    [Fact]
    public async Task After_a_crash_API_builds_go_on_and_pushes_are_over()
    {
        BuildGround.NeedRoot();
        var app = await ground.AppAsync();
        var table = ground.Get<BuildTable>();
        var push = New(app);
        var api = New(app);
        await table.AddAsync(push, "push", null, null, BuildGround.Ct);
        await table.AddAsync(api, "api", Path.GetFileName(ground.Tar(Procfile)), null, BuildGround.Ct);

        // What a starting server does first.
        Assert.Contains((app.Id, push.Id), await table.FailCutPushesAsync(BuildGround.Ct));
        ground.Get<BuildWakeup>().Nudge();

        Assert.Equal("succeeded", (await EndOfAsync(app, api.Id)).Status);
        var cut = await table.FindAsync(app.Id, push.Id, BuildGround.Ct);
        Assert.Equal(("errored", "Interrupted by a restart of the server. Push again."), (cut!.Status, cut.Reason));
    }

    private Build New(App app) => new()
    {
        Id = BuildId.New(), App = app.Id, User = ground.Admin.Account, Status = "pending", Buildpacks = [], Stack = "debian-12",
        CreatedAt = DateTimeOffset.UtcNow, UpdatedAt = DateTimeOffset.UtcNow,
    };

    private async Task<Build> EndOfAsync(App app, BuildId id)
    {
        for (var tries = 0; tries < 600; tries++)
        {
            if (await ground.Get<BuildTable>().FindAsync(app.Id, id, BuildGround.Ct) is { Status: not "pending" } build)
                return build;
            await Task.Delay(100, BuildGround.Ct);
        }
        throw new TimeoutException("The build did not end.");
    }

    private static bool Running(string command) => Directory.EnumerateDirectories("/proc").Any(process =>
    {
        try
        {
            return File.ReadAllText(Path.Combine(process, "cmdline")).Replace('\0', ' ').Contains(command, StringComparison.Ordinal);
        }
        catch (IOException)
        {
            return false;
        }
    });
}
