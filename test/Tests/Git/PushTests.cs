using System.Net;
using System.Net.Http.Json;
using System.Text;

namespace Sluice.Tests.Git;

/// <summary>Real pushes by git against the real server.</summary>
public sealed class PushTests(LiveServer server) : IClassFixture<LiveServer>
{
    private static (string, string) Failing(string script) =>
        ("package.json", System.Text.Json.JsonSerializer.Serialize(new { name = "x", scripts = new Dictionary<string, string> { ["heroku-postbuild"] = script } }));

    [Fact]
    public async Task A_push_builds_releases_and_answers_and_tells_it_as_Heroku_does()
    {
        LiveServer.NeedRoot();
        var app = await server.AppAsync();
        await server.SetAsync(app, "GREETING", "Welcome");
        using var repo = Repo.OfSample("node");

        var (code, said) = await repo.PushAsync(server.Remote(app));

        Assert.True(code == 0, said);
        Assert.Matches(
            """
            remote: -----> Building on the Debian-12 stack
            remote: -----> Node.js app detected
            remote: -----> Discovering process types
            remote:        Process types: web
            remote: -----> Slug [0-9a-f]{7} made, [0-9.]+[BKM]
            remote: -----> Launching...
            remote:        Released v3
            remote:        http://[a-z0-9]+.localhost:[0-9]+/ deployed
            remote:
            remote: Verifying deploy... done.
            """.Replace("\r", "", StringComparison.Ordinal), said);
        Assert.StartsWith("Welcome from the shop, first version.\n", await server.VisitAsync(app), StringComparison.Ordinal);
        var releases = (await server.GetAsync($"/apps/{app}/releases")).EnumerateArray().ToList();
        Assert.Equal($"Deploy {repo.Head[..7]}", releases.Single(r => r.GetProperty("version").GetInt32() == 3).GetProperty("description").GetString());
        var build = Assert.Single((await server.GetAsync($"/apps/{app}/builds")).EnumerateArray());
        Assert.Equal(releases.Single(r => r.GetProperty("version").GetInt32() == 3).GetProperty("id").GetString(), build.GetProperty("release").GetProperty("id").GetString());
        var digest = (await server.GetAsync($"/apps/{app}/slugs/{build.GetProperty("slug").GetProperty("id").GetString()}")).GetProperty("checksum").GetString()![7..];
        Assert.Equal(repo.Head, Repo.Run("/", "git", "--git-dir", await server.RepositoryAsync(app), "-c", "safe.directory=*", "rev-parse", $"refs/slugs/{digest}"));
    }

    [Fact]
    public async Task What_was_pushed_can_be_cloned_and_slugs_are_hidden()
    {
        LiveServer.NeedRoot();
        var app = await server.AppAsync();
        using var repo = new Repo(("Procfile", "worker: sleep 100\n"));
        await repo.PushAsync(server.Remote(app), "main:master");
        using var other = new Repo();

        other.Git("clone", "-q", server.Remote(app), "copy");

        Assert.Equal(repo.Head, Repo.Run(Path.Combine(other.Path, "copy"), "git", "rev-parse", "HEAD"));
        Assert.DoesNotContain("refs/slugs", repo.Git("ls-remote", server.Remote(app)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_failing_build_refuses_the_push_says_why_and_moves_nothing()
    {
        LiveServer.NeedRoot();
        var app = await server.AppAsync();
        using var repo = new Repo(Failing("echo this is why; exit 7"));

        var (code, said) = await repo.PushAsync(server.Remote(app));

        Assert.Equal(1, code);
        Assert.Contains("remote:        this is why\n", said, StringComparison.Ordinal);
        Assert.Contains("remote:  !     Push rejected: The compile step of heroku/nodejs failed with exit code 7.\n", said, StringComparison.Ordinal);
        Assert.Contains("pre-receive hook declined", said, StringComparison.Ordinal);
        Assert.Equal("", repo.Git("ls-remote", server.Remote(app)));
        Assert.Equal([("failed", null)], await server.BuildsAsync(app));
        Assert.Equal(1, (await server.GetAsync($"/apps/{app}/releases")).GetArrayLength());
        Assert.Empty(Directory.EnumerateFileSystemEntries(Path.Combine(await server.RepositoryAsync(app), "objects"), "tmp_objdir-*"));
        Assert.Empty(Directory.EnumerateFiles(server.Data.Uploads, "push-*"));
    }

    [Fact]
    public async Task A_failing_release_command_refuses_the_push_and_pushing_again_tries_again()
    {
        LiveServer.NeedRoot();
        var app = await server.AppAsync();
        using var repo = new Repo(("Procfile", "release: echo migrating $WHERE; test \"$WHERE\" = production\nworker: sleep 1000\n"));

        var (code, said) = await repo.PushAsync(server.Remote(app));
        await server.SetAsync(app, "WHERE", "production");
        var (again, more) = await repo.PushAsync(server.Remote(app));

        Assert.Equal(1, code);
        Assert.Contains("remote:        migrating\n", said, StringComparison.Ordinal);
        Assert.Contains("Push rejected: release v2 failed.", said, StringComparison.Ordinal);
        Assert.True(again == 0, more);
        Assert.Contains("remote:        migrating production\n", more, StringComparison.Ordinal);
        Assert.Contains("remote:        Released v4\n", more, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Other_branches_are_kept_and_not_built()
    {
        LiveServer.NeedRoot();
        var app = await server.AppAsync();
        using var repo = new Repo(("Procfile", "web: x\n"));

        var (code, said) = await repo.PushAsync(server.Remote(app), "main:refs/heads/topic", "main:refs/heads/$(touch${IFS}/tmp/sluice-marker)", "main:refs/heads/-x");

        Assert.True(code == 0, said);
        Assert.Contains("remote: Pushed to non-main branch, skipping build.\n", said, StringComparison.Ordinal);
        Assert.Contains("refs/heads/topic", repo.Git("ls-remote", server.Remote(app)), StringComparison.Ordinal);
        Assert.Empty(await server.BuildsAsync(app));
        Assert.False(File.Exists("/tmp/sluice-marker"));
    }

    [Fact]
    public async Task Main_cannot_be_deleted_and_two_commits_cannot_be_deployed_at_once()
    {
        LiveServer.NeedRoot();
        var app = await server.AppAsync();
        using var repo = new Repo(("Procfile", "worker: sleep 1000\n"));
        await repo.PushAsync(server.Remote(app));
        repo.Git("branch", "other");
        repo.Commit("Second", ("a", "a"));

        var (code, said) = await repo.PushAsync(server.Remote(app), ":main");
        var (both, more) = await repo.PushAsync(server.Remote(app), "main:main", "other:master");

        Assert.Equal((1, 1), (code, both));
        Assert.Contains("main cannot be deleted", said, StringComparison.Ordinal);
        Assert.Contains("main and master name different commits. Push one of them.", more, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Pushing_what_runs_already_says_so()
    {
        LiveServer.NeedRoot();
        var app = await server.AppAsync();
        using var repo = new Repo(("Procfile", "worker: sleep 1000\n"));
        await repo.PushAsync(server.Remote(app));

        var (_, nothing) = await repo.PushAsync(server.Remote(app));
        var (same, said) = await repo.PushAsync(server.Remote(app), "main:master");
        repo.Commit("Nothing new");
        var (empty, more) = await repo.PushAsync(server.Remote(app));

        Assert.Contains("Everything up-to-date", nothing, StringComparison.Ordinal);
        Assert.Equal((0, 0), (same, empty));
        Assert.Contains($"is what {app} runs already, as v2: nothing to build.", said, StringComparison.Ordinal);
        Assert.Contains($"which {app} runs already as v2; building it anyway", more, StringComparison.Ordinal);
        Assert.Equal(2, (await server.BuildsAsync(app)).Length);
    }

    [Fact]
    public async Task A_second_push_waits_and_is_refused_if_the_first_moved_the_branch()
    {
        LiveServer.NeedRoot();
        var app = await server.AppAsync();
        using var first = new Repo(Failing("sleep 3"), ("Procfile", "worker: sleep 1000\n"));
        using var second = new Repo(("Procfile", "worker: sleep 2000\n"));

        var slow = first.PushAsync(server.Remote(app));
        for (var tries = 0; (await server.BuildsAsync(app)).Length == 0 && tries < 200; tries++)
            await Task.Delay(50, LiveServer.Ct);
        var (code, said) = await second.PushAsync(server.Remote(app), "--force", "main");

        Assert.Equal(0, (await slow).Code);
        Assert.Equal(1, code);
        Assert.Contains($"-----> Another push to {app} is being built; waiting for it to end", said, StringComparison.Ordinal);
        Assert.Contains("main was moved by another push meanwhile. Run git fetch, look, and push again.", said, StringComparison.Ordinal);
        Assert.Single(await server.BuildsAsync(app));
    }

    [Fact]
    public async Task A_client_that_leaves_takes_its_build_with_it()
    {
        LiveServer.NeedRoot();
        var app = await server.AppAsync();
        using var repo = new Repo(Failing("sleep 600"));
        using var push = System.Diagnostics.Process.Start(Repo.Start(repo.Path, "git", "push", server.Remote(app), "main"))!;
        for (var tries = 0; (await server.BuildsAsync(app)).Length == 0 && tries < 400; tries++)
            await Task.Delay(50, LiveServer.Ct);

        push.Kill(entireProcessTree: true);

        for (var tries = 0; (await server.BuildsAsync(app))[0].Status == "pending" && tries < 200; tries++)
            await Task.Delay(50, LiveServer.Ct);
        Assert.Equal([("failed", null)], await server.BuildsAsync(app));
        var objects = Path.Combine(await server.RepositoryAsync(app), "objects");
        for (var tries = 0; Directory.EnumerateDirectories(objects, "tmp_objdir-*").Any() && tries < 100; tries++)
            await Task.Delay(50, LiveServer.Ct);
        Assert.Empty(Directory.EnumerateDirectories(objects, "tmp_objdir-*"));
        Assert.Equal("", repo.Git("ls-remote", server.Remote(app)));
    }

    [Theory]
    [InlineData("wrong", "Authentication failed")]
    [InlineData("", "could not read Password")]
    public async Task Without_a_good_key_nothing_is_let_in(string key, string says)
    {
        LiveServer.NeedRoot();
        var app = await server.AppAsync();
        using var repo = new Repo(("Procfile", "web: x\n"));

        var (code, said) = await repo.PushAsync(key.Length == 0 ? $"http://anyone@localhost:{server.Url.Port}/{app}.git" : server.Remote(app, key));

        Assert.Equal(128, code);
        Assert.Contains(says, said, StringComparison.Ordinal);
        using var http = new HttpClient();
        using var asked = await http.GetAsync(new Uri(server.Url, $"/{app}.git/info/refs?service=git-receive-pack"), LiveServer.Ct);
        Assert.Equal((HttpStatusCode.Unauthorized, "Basic realm=\"Sluice\""), (asked.StatusCode, asked.Headers.WwwAuthenticate.Single().ToString()));
        using var posted = await http.PostAsync(new Uri(server.Url, $"/{app}.git/git-receive-pack"), new StringContent("0000"), LiveServer.Ct);
        Assert.Equal(HttpStatusCode.Unauthorized, posted.StatusCode);
    }

    [Fact]
    public async Task An_unknown_app_is_named_in_a_sentence()
    {
        LiveServer.NeedRoot();
        using var repo = new Repo(("Procfile", "web: x\n"));

        var (code, said) = await repo.PushAsync(server.Remote("no-such-app"));

        Assert.Equal(128, code);
        Assert.Contains("remote: Couldn't find that app: no-such-app.", said, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_push_in_one_large_pack_goes_through()
    {
        LiveServer.NeedRoot();
        var app = await server.AppAsync();
        // Above http.postBuffer: git sends an empty request first and then the pack in chunks.
        var noise = new byte[6 * 1024 * 1024];
        Random.Shared.NextBytes(noise);
        using var repo = new Repo(("Procfile", "worker: sleep 1000\n"), ("noise", Convert.ToBase64String(noise)));

        var (code, said) = await repo.PushAsync(server.Remote(app));

        Assert.True(code == 0, said);
        Assert.Contains("Released v2", said, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_tree_bomb_is_refused_before_anything_is_written()
    {
        LiveServer.NeedRoot();
        var app = await server.AppAsync();
        using var repo = new Repo();
        // Ten levels of ten entries each: ten thousand million files in eleven objects.
        var id = repo.Hash("blob", "x"u8.ToArray());
        var mode = "100644";
        for (var level = 0; level < 10; level++)
        {
            id = repo.Tree([.. Enumerable.Range(0, 10).Select(n => (mode, $"f{n}", id))]);
            mode = "40000";
        }
        repo.CommitTree(id);

        var (code, said) = await repo.PushAsync(server.Remote(app));

        Assert.Equal(1, code);
        Assert.Contains("The commit has more than 250,000 files.", said, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("100644", ".git")]
    [InlineData("100644", ".GIT")]
    [InlineData("100644", "..")]
    [InlineData("100644", "a/b")]
    [InlineData("100644", "git~1")]
    [InlineData("100644", ".git\\x")]
    [InlineData("120000", ".gitmodules")]
    [InlineData("100644", "carriage\r")]
    [InlineData("100644", "bell\a")]
    public async Task Hostile_trees_are_refused(string mode, string name)
    {
        LiveServer.NeedRoot();
        var app = await server.AppAsync();
        using var repo = new Repo();
        repo.CommitTree(repo.Tree((mode, name, repo.Hash("blob", "x"u8.ToArray()))));

        var (code, said) = await repo.PushAsync(server.Remote(app));

        Assert.True(code != 0, said);
        Assert.Equal("", repo.Git("ls-remote", server.Remote(app)));
        Assert.Empty(await server.BuildsAsync(app));
        Assert.Empty(Directory.EnumerateFiles(Path.Combine(await server.RepositoryAsync(app), "objects"), "*", SearchOption.AllDirectories));
    }

    [Fact]
    public async Task Links_to_the_host_are_the_tenants_own_matter()
    {
        LiveServer.NeedRoot();
        var app = await server.AppAsync();
        using var repo = new Repo();
        repo.CommitTree(repo.Tree(
            ("100644", "Procfile", repo.Hash("blob", Encoding.UTF8.GetBytes("worker: cat shadow; sleep 1000\n"))),
            ("120000", "etc", repo.Hash("blob", "/etc"u8.ToArray())), ("120000", "shadow", repo.Hash("blob", "/etc/shadow"u8.ToArray()))));

        var (code, said) = await repo.PushAsync(server.Remote(app));

        Assert.True(code == 0, said);
    }
}

internal static class CraftedObjects
{
    /// <summary>Writes an object as it is, good or not.</summary>
    public static string Hash(this Repo repo, string type, byte[] content)
    {
        var file = Path.Combine(repo.Path, ".git", "crafted");
        File.WriteAllBytes(file, content);
        return repo.Git("hash-object", "-w", "-t", type, "--literally", file);
    }

    public static string Tree(this Repo repo, params (string Mode, string Name, string Id)[] entries) => repo.Hash("tree",
        [.. entries.SelectMany(e => (byte[])[.. Encoding.UTF8.GetBytes($"{e.Mode} {e.Name}\0"), .. Convert.FromHexString(e.Id)])]);

    public static void CommitTree(this Repo repo, string tree) => repo.Git("update-ref", "refs/heads/main", repo.Hash("commit",
        Encoding.UTF8.GetBytes($"tree {tree}\nauthor A <a@b.c> 1700000000 +0000\ncommitter A <a@b.c> 1700000000 +0000\n\nCrafted\n")));
}
