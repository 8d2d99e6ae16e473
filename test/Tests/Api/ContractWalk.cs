using System.Net;
using System.Text;
using System.Text.Json;
using static Sluice.Tests.Api.ContractWorld;

namespace Sluice.Tests.Api;

/// <summary>Every route that answers JSON, asked as people come to ask it; the world keeps the answers.</summary>
internal sealed class ContractWalk(ContractWorld world)
{
    private static readonly CancellationToken None = CancellationToken.None;

    /// <summary>A day in the life of two apps, over every route that answers JSON.</summary>
    public async Task WalkAsync()
    {
        foreach (var plain in world.Contract.Routes.Keys.Where(r => r.StartsWith("GET ") && !r.Contains('{') && world.Contract.Routes[r].Answers != "text/plain"))
            await world.AskAsync(plain, plain.Split(' ')[1]);
        await world.AskAsync("GET /stacks/{stack}", "/stacks/debian-12");
        await world.AskAsync("GET /regions/{region}", "/regions/us");
        await world.AskAsync("GET /dyno-sizes/{size}", "/dyno-sizes/basic");

        await new ContractThings(world).OfAnAccountAsync();
        await WalkTeamAsync();
        var (staging, shop) = (Text(await world.AskAsync("POST /apps", "/apps", new { name = "walk-staging" }), "id"), Text(await world.AskAsync("POST /apps", "/apps", new { name = "walk" }), "id"));
        Assert.Matches("^[a-z]+-[a-z]+-[0-9]{5}$", Text(await world.AskAsync("POST /apps", "/apps", new { }), "name"));
        await world.AskAsync("POST /filters/apps", "/filters/apps", new { @in = new { id = new[] { staging, Guid.NewGuid().ToString() } } });
        await world.AskAsync("POST /filters/apps", "/filters/apps", new { @in = new { id = Array.Empty<string>() } });
        await world.AskAsync("PATCH /apps/{name}", "/apps/walk", new { maintenance = true });
        await world.AskAsync("PATCH /apps/{name}", "/apps/walk", new { maintenance = false, build_stack = "debian-12" });
        await world.AskAsync("PATCH /apps/{name}/config-vars", "/apps/walk/config-vars", new { GREETING = "Production", OTHER = "x" });
        await world.AskAsync("PATCH /apps/{name}/config-vars", "/apps/walk/config-vars", new { OTHER = (string?)null });
        await world.AskAsync("PUT /apps/{name}/buildpack-installations", "/apps/walk/buildpack-installations", new { updates = new[] { new { buildpack = "heroku/procfile" } } });

        var pipeline = Text(await world.AskAsync("POST /pipelines", "/pipelines", new { name = "walk", owner = new { id = Text(world.Answers.First(a => a.Route == "GET /account").Body, "id"), type = "user" }, generation = new { name = "cedar" } }), "id");
        var coupling = Text(await world.AskAsync("POST /pipeline-couplings", "/pipeline-couplings", new { app = "walk-staging", pipeline, stage = "development" }), "id");
        await world.AskAsync("POST /pipeline-couplings", "/pipeline-couplings", new { app = shop, pipeline = "walk", stage = "production" });
        await world.AskAsync("PATCH /pipeline-couplings/{coupling}", "/pipeline-couplings/" + coupling, new { stage = "staging" });
        await WalkStagesAndEdgesAsync(pipeline, coupling);
        await world.AskAsync("GET /pipeline-couplings/{coupling}", "/pipeline-couplings/" + coupling);
        await world.AskAsync("GET /pipeline-couplings", "/pipeline-couplings");
        await world.AskAsync("GET /pipelines/{pipeline}/pipeline-couplings", $"/pipelines/{pipeline}/pipeline-couplings");
        await world.AskAsync("GET /apps/{name}/diff", "/apps/walk-staging/diff?to=walk");

        var pushed = await world.Sluice.PushAsync("walk-staging", SampleApp.Files, None);
        Assert.True(pushed.ExitCode == 0, pushed.ToString());
        await world.AskAsync("GET /apps/{name}/diff", "/apps/walk-staging/diff?to=walk");
        var promotion = Text(await world.AskAsync("POST /pipeline-promotions", "/pipeline-promotions", new { pipeline = new { id = pipeline }, source = new { app = new { id = staging } }, targets = new[] { new { app = new { id = shop } } } }), "id");
        await world.AskAsync("GET /pipeline-promotions/{promotion}/promotion-targets", $"/pipeline-promotions/{promotion}/promotion-targets");
        await UntilAsync(async () => Text(await world.AskAsync("GET /pipeline-promotions/{promotion}", "/pipeline-promotions/" + promotion), "status") == "completed");
        var targets = await world.AskAsync("GET /pipeline-promotions/{promotion}/promotion-targets", $"/pipeline-promotions/{promotion}/promotion-targets");
        Assert.Equal("succeeded", Text(targets[0], "status"));
        Assert.Equal("same", Text(await world.AskAsync("GET /apps/{name}/diff", "/apps/walk-staging/diff?to=walk"), "method"));

        foreach (var app in new[] { "walk", staging })
            await WalkAppAsync(app);
        await new ContractThings(world).OfAnAppAsync("walk");
        await WalkRepositoriesAsync(pipeline);

        await world.AskAsync("PATCH /pipelines/{pipeline}", "/pipelines/" + pipeline, new { name = "walked" });
        await world.AskAsync("GET /pipelines/{pipeline}", "/pipelines/walked");
        await world.AskAsync("GET /pipelines", "/pipelines?eq[name]=walked");
        await world.AskAsync("DELETE /pipeline-couplings/{coupling}", "/pipeline-couplings/" + coupling);
        await world.AskAsync("DELETE /pipelines/{pipeline}", "/pipelines/" + pipeline, new { name = "walked" });
        await world.AskAsync("PATCH /apps/{name}", "/apps/walk", new { name = "walked" });
        await world.AskAsync("DELETE /apps/{name}", "/apps/walked");
        await world.AskAsync("DELETE /apps/{name}", "/apps/walk-staging");
        Assert.Equal(404, (await world.RefusalAsync("GET", "/apps/walk-staging")).Status);
    }

    private async Task WalkStagesAndEdgesAsync(string pipeline, string coupling)
    {
        await world.AskAsync("POST /pipelines/{pipeline}/stages", $"/pipelines/{pipeline}/stages", new { name = "canary", after = "staging" });
        await world.AskAsync("PATCH /pipelines/{pipeline}/stages/{stage}", $"/pipelines/{pipeline}/stages/canary", new { before = "staging" });
        var moved = await world.AskAsync("PATCH /pipeline-couplings/{coupling}", "/pipeline-couplings/" + coupling, new { stage = "canary" });
        Assert.Equal(("development", "canary"), (Text(moved, "stage"), Text(moved, "stage_name")));
        var stages = await world.AskAsync("GET /pipelines/{pipeline}/stages", "/pipelines/walk/stages");
        Assert.Equal(["review 0", "development 0", "canary 1", "staging 0", "production 1"], stages.EnumerateArray().Select(s => $"{Text(s, "name")} {s.GetProperty("apps")}"));
        await world.AskAsync("PATCH /pipeline-couplings/{coupling}", "/pipeline-couplings/" + coupling, new { stage = "staging" });
        await world.AskAsync("DELETE /pipelines/{pipeline}/stages/{stage}", "/pipelines/walk/stages/canary");

        await world.AskAsync("PUT /apps/{name}/downstream", "/apps/walk-staging/downstream", new { app = "walk" });
        await world.AskAsync("GET /apps/{name}/downstream", "/apps/walk-staging/downstream");
        Assert.Equal("walk", Text((await world.AskAsync("GET /apps/{name}/promotes-to", "/apps/walk-staging/promotes-to")).GetProperty("apps")[0], "name"));
        Assert.Equal("walk", Text((await world.AskAsync("GET /apps/{name}/downstreams", "/apps/walk-staging/downstreams?depth=1"))[0].GetProperty("downstream"), "name"));
        var couplings = await world.AskAsync("GET /pipelines/{pipeline}/pipeline-couplings", $"/pipelines/{pipeline}/pipeline-couplings");
        Assert.Contains(couplings.EnumerateArray(), c => c.GetProperty("downstream") is { ValueKind: JsonValueKind.Object } app && Text(app, "name") == "walk");
        await world.AskAsync("GET /apps/{name}/pipeline-couplings", "/apps/walk-staging/pipeline-couplings");
        await world.AskAsync("DELETE /apps/{name}/downstream", "/apps/walk-staging/downstream?app=walk");
    }

    /// <summary>People, a team, its apps, and things that change hands.</summary>
    private async Task WalkTeamAsync()
    {
        await world.AskAsync("PATCH /account", "/account", new { name = "Ada" });
        await world.AskAsync("PATCH /users/~", "/users/~", new { name = (string?)null });
        foreach (var email in new[] { "bob@example.com", "eve@example.com" })
            Assert.StartsWith("sluice_", Text(await world.AskAsync("POST /accounts", "/accounts", new { email }), "api_key"));
        var bob = Text(await world.AskAsync("GET /users/{user}", "/users/Bob@example.com"), "id");
        await world.AskAsync("GET /users/{user}", "/users/" + bob);
        await world.AskAsync("GET /accounts", "/accounts");
        await world.AskAsync("GET /secret-key", "/secret-key");
        await world.AskAsync("POST /secret-key/actions/rotate", "/secret-key/actions/rotate", new { });

        var team = Text(await world.AskAsync("POST /teams", "/teams", new { name = "walkers" }), "id");
        await world.AskAsync("GET /teams/{team}", "/teams/" + team);
        await world.AskAsync("PATCH /teams/{team}", "/teams/walkers", new { name = "hikers" });
        await world.AskAsync("GET /teams/{team}/features", "/teams/hikers/features");
        await world.AskAsync("GET /teams/{team}/features/{feature}", "/teams/hikers/features/org-access-controls");
        await world.AskAsync("PUT /teams/{team}/members", "/teams/hikers/members", new { email = "bob@example.com", role = "member" });
        await world.AskAsync("POST /teams/{team}/members", "/teams/hikers/members", new { email = "bob@example.com", role = "collaborator" });
        await world.AskAsync("PATCH /teams/{team}/members", "/teams/hikers/members", new { email = "bob@example.com", role = "admin" });
        await world.AskAsync("PUT /teams/{team}/invitations", "/teams/hikers/invitations", new { email = "eve@example.com", role = "member" });
        await world.AskAsync("GET /teams/{team}/invitations", "/teams/hikers/invitations");
        await world.AskAsync("GET /teams/{team}/members", "/teams/hikers/members");
        await world.AskAsync("DELETE /teams/{team}/members/{email}", "/teams/hikers/members/eve%40example.com");

        await world.AskAsync("POST /teams/apps", "/teams/apps", new { name = "trail", team = "hikers", locked = true });
        await world.AskAsync("POST /apps", "/apps", new { name = "path", team = "hikers" });
        await world.AskAsync("GET /teams/apps", "/teams/apps");
        await world.AskAsync("GET /teams/{team}/apps", "/teams/hikers/apps");
        await world.AskAsync("GET /teams/apps/{name}", "/teams/apps/trail");
        await world.AskAsync("PATCH /teams/apps/{name}", "/teams/apps/trail", new { locked = false });
        await world.AskAsync("GET /apps/{name}", "/apps/trail");
        foreach (var at in new[] { "/teams/apps/{name}/collaborators", "/apps/{name}/collaborators" })
        {
            var path = at.Replace("{name}", "trail", StringComparison.Ordinal);
            await world.AskAsync("POST " + at, path, new { user = "eve@example.com", permissions = new[] { "deploy" } });
            await world.AskAsync("PATCH " + at + "/{user}", path + "/eve@example.com", new { permissions = new[] { "view", "operate" } });
            await world.AskAsync("GET " + at, path);
            await world.AskAsync("GET " + at + "/{user}", path + "/eve@example.com");
            await world.AskAsync("DELETE " + at + "/{user}", path + "/eve@example.com");
        }

        await world.AskAsync("POST /apps", "/apps", new { name = "gift" });
        var offered = Text(await world.AskAsync("POST /account/app-transfers", "/account/app-transfers", new { app = "gift", recipient = "bob@example.com" }), "id");
        await world.AskAsync("GET /account/app-transfers", "/account/app-transfers");
        await world.AskAsync("GET /account/app-transfers/{transfer}", "/account/app-transfers/" + offered);
        Assert.Equal(403, (await world.RefusalAsync("PATCH", "/account/app-transfers/" + offered, """{"state":"accepted"}""")).Status);
        await world.AskAsync("DELETE /account/app-transfers/{transfer}", "/account/app-transfers/" + offered);
        await world.AskAsync("PATCH /teams/apps/{name}", "/teams/apps/gift", new { owner = "hikers" });
        await world.AskAsync("PATCH /teams/apps/{name}", "/teams/apps/gift", new { owner = "admin@localhost" });
        await world.AskAsync("DELETE /apps/{name}", "/apps/gift");

        var pipeline = Text(await world.AskAsync("POST /pipelines", "/pipelines", new { name = "hike", owner = new { id = team, type = "team" } }), "id");
        await world.AskAsync("POST /pipeline-couplings", "/pipeline-couplings", new { app = "trail", pipeline, stage = "production" });
        var me = Text(world.Answers.First(a => a.Route == "GET /account").Body, "id");
        await world.AskAsync("POST /pipeline-transfers", "/pipeline-transfers", new { pipeline = new { id = pipeline }, new_owner = new { id = me, type = "user" } });
        await world.AskAsync("DELETE /pipelines/{pipeline}", "/pipelines/" + pipeline);
        await world.AskAsync("DELETE /apps/{name}", "/apps/trail");
        await world.AskAsync("DELETE /apps/{name}", "/apps/path");
        await world.AskAsync("DELETE /teams/{team}", "/teams/hikers");
        await world.AskAsync("DELETE /accounts/{account}", "/accounts/bob@example.com");
        await world.AskAsync("DELETE /accounts/{account}", "/accounts/eve@example.com");
    }

    private async Task WalkRepositoriesAsync(string pipeline)
    {
        var repository = (await world.AskAsync("GET /repos/{owner}/{repo}", "/repos/sluice/walk-staging")).GetProperty("id").GetInt64();
        await world.AskAsync("POST /pipelines/{pipeline}/repository", $"/pipelines/{pipeline}/repository", new { repository });
        await world.AskAsync("GET /pipelines/{pipeline}/repository", $"/pipelines/{pipeline}/repository");
        await world.AskAsync("PATCH /pipelines/{pipeline}/repository", $"/pipelines/{pipeline}/repository", new { ci = true });
        await world.AskAsync("GET /pipelines/{pipeline}/repo", $"/pipelines/{pipeline}/repo");
        var sha = Text((await world.AskAsync("GET /pipelines/{pipeline}/repo/branches/{*branch}", $"/pipelines/{pipeline}/repo/branches/main")).GetProperty("commit"), "sha");
        await world.AskAsync("PATCH /apps/{name}/github", "/apps/walk/github", new { auto_deploy = true, wait_for_ci = false, pull_requests = new { enabled = true } });
        await world.AskAsync("GET /apps/{name}/github", "/apps/walk/github");
        Assert.All((await world.AskAsync("GET /pipelines/{pipeline}/github", $"/pipelines/{pipeline}/github")).EnumerateArray(), l => Assert.Equal("sluice/walk-staging", Text(l, "repo")));
        await world.AskAsync("GET /repos/{owner}/{repo}/compare/{range}", $"/repos/sluice/walk-staging/compare/{sha}...{sha}");
        var archive = Text(await world.AskAsync("GET /github/repos/{owner}/{repo}/tarball/{*reference}", "/github/repos/sluice/walk-staging/tarball/main"), "archive_link");
        var setup = Text(await world.AskAsync("POST /app-setups", "/app-setups", new { app = new { name = "walk-setup", personal = true }, source_blob = new { url = archive }, pipeline_coupling = new { pipeline, stage = "staging" }, overrides = new { env = new { GREETING = "Setup" } } }), "id");
        await UntilAsync(async () => Text(await world.AskAsync("GET /app-setups/{setup}", "/app-setups/" + setup), "status") != "pending");
        Assert.Equal("succeeded", Text(await world.AskAsync("GET /app-setups/{setup}", "/app-setups/" + setup), "status"));
        Assert.Equal("same", Text(await world.AskAsync("GET /apps/{name}/diff", "/apps/walk-setup/diff?to=walk-staging"), "method"));
        await world.AskAsync("DELETE /apps/{name}", "/apps/walk-setup");
        using var head = await world.Http.SendAsync(new HttpRequestMessage(HttpMethod.Head, archive));
        Assert.Equal(HttpStatusCode.OK, head.StatusCode);
        Assert.Contains($"{sha}/Procfile", Encoding.Latin1.GetString(await world.Http.GetByteArrayAsync(archive)), StringComparison.Ordinal);
        foreach (var unknown in new[] { "/repos/sluice/nothing", "/repos/acme/walk", "/repos/sluice/walk/compare/a...b", "/github/repos/sluice/walk-staging/tarball/nothing", "/github/repos/sluice/walk-staging/tarball/main~0", "/github/repos/sluice/walk-staging/tarball/main@{0}", $"/pipelines/{pipeline}/repo/branches/nothing" })
            Assert.InRange((await world.RefusalAsync("GET", unknown)).Status, 404, 422);
    }

    private async Task WalkAppAsync(string app)
    {
        var at = "/apps/" + app;
        foreach (var list in new[] { "", "/addons", "/addon-attachments", "/features", "/collaborators", "/config-vars", "/buildpack-installations", "/builds", "/releases", "/formation", "/dynos", "/pipeline-couplings" })
            await world.AskAsync("GET /apps/{name}" + list, at + list);
        await UntilAsync(async () => (await world.AskAsync("GET /apps/{name}/dynos", at + "/dynos")).EnumerateArray().Any(d => Text(d, "state") == "up"));

        var releases = await world.AskAsync("GET /apps/{name}/releases", at + "/releases");
        var current = releases.EnumerateArray().Single(r => r.GetProperty("current").GetBoolean());
        Assert.Equal(releases.EnumerateArray().Select(r => r.GetProperty("version").GetInt32()), Enumerable.Range(1, releases.GetArrayLength()));
        foreach (var name in new[] { Text(current, "id"), $"{current.GetProperty("version")}", $"v{current.GetProperty("version")}" })
        {
            await world.AskAsync("GET /apps/{name}/releases/{release}", $"{at}/releases/{name}");
            await world.AskAsync("GET /apps/{name}/releases/{release}/config-vars", $"{at}/releases/{name}/config-vars");
        }

        await world.AskAsync("GET /apps/{name}/slugs/{slug}", $"{at}/slugs/{Text(current.GetProperty("slug"), "id")}");
        await world.AskAsync("POST /apps/{name}/slugs", at + "/slugs", new { process_types = new { web = "node x" }, commit = "abc" });
        await world.AskAsync("POST /sources", "/sources");
        await BuildAsync(at);
        await world.AskAsync("PATCH /apps/{name}/formation", at + "/formation", new { updates = new object[] { new { type = "web", quantity = "2", size = "STANDARD-1X" }, new { type = "worker", quantity = 1 } } });
        await world.AskAsync("PATCH /apps/{name}/formation/{type}", at + "/formation/worker", new { quantity = "-1" });
        await world.AskAsync("GET /apps/{name}/formation/{type}", at + "/formation/web");
        await UntilAsync(async () => (await world.AskAsync("GET /apps/{name}/dynos", at + "/dynos")).EnumerateArray().Count(d => Text(d, "state") == "up" && Text(d, "type") == "web") >= 2);
        await world.AskAsync("GET /apps/{name}/dynos/{dyno}", at + "/dynos/web.1");
        await world.AskAsync("GET /apps/{name}/quotas", at + "/quotas");
        await world.AskAsync("PATCH /quotas/{name}", "/quotas/" + app, new { drains = 6, builds = (int?)null });
        await world.AskAsync("GET /apps/{name}/metrics", at + "/metrics?minutes=60");
        await world.AskAsync("DELETE /apps/{name}/dynos/{dyno}", at + "/dynos/web.2");
        await world.AskAsync("DELETE /apps/{name}/formations/{type}", at + "/formations/web");
        await world.AskAsync("POST /apps/{name}/dynos/{dyno}/actions/stop", at + "/dynos/web.1/actions/stop");
        var attached = await world.AskAsync("POST /apps/{name}/dynos", at + "/dynos", new { command = "bash", attach = true, env = new { TERM = "xterm", COLUMNS = 80, LINES = 24 } });
        Assert.StartsWith($"rendezvous://localhost:{world.Sluice.Url.Port}/", Text(attached, "attach_url"));
        var detached = await world.AskAsync("POST /apps/{name}/dynos", at + "/dynos", new { command = "sleep 600", size = "standard-2x", type = "job", time_to_live = 600 });
        Assert.Matches("^job\\.[0-9]{4}$", Text(detached, "name"));
        await world.AskAsync("GET /apps/{name}/dynos/{dyno}", $"{at}/dynos/{Text(detached, "name")}");
        await world.AskAsync("POST /apps/{name}/dynos/{dyno}/actions/stop", $"{at}/dynos/{Text(detached, "name")}/actions/stop");
        await world.AskAsync("POST /apps/{name}/formations/{type}/actions/stop", at + "/formations/web/actions/stop");
        await world.AskAsync("DELETE /apps/{name}/dynos", at + "/dynos");
        await world.AskAsync("POST /apps/{name}/log-sessions", at + "/log-sessions", new { lines = 10, tail = false });
        await world.AskAsync("POST /apps/{name}/releases", at + "/releases", new { release = Text(current, "id") });
        await world.AskAsync("POST /apps/{name}/releases", at + "/releases", new { slug = Text(current.GetProperty("slug"), "id"), description = "By hand" });
    }

    /// <summary>Source in, build accepted, output to its end, released.</summary>
    private async Task BuildAsync(string at)
    {
        var source = (await world.AskAsync("POST /sources", "/sources")).GetProperty("source_blob");
        using var keyless = new HttpClient();
        using (var put = await keyless.PutAsync(Text(source, "put_url"), new ByteArrayContent(await TarballAsync())))
            Assert.Equal(HttpStatusCode.OK, put.StatusCode);
        using (var again = await keyless.PutAsync(Text(source, "put_url"), new ByteArrayContent([1])))
            Assert.Equal(HttpStatusCode.Conflict, again.StatusCode);
        Assert.Equal(await TarballAsync(), await keyless.GetByteArrayAsync(Text(source, "get_url")));

        var build = await world.AskAsync("POST /apps/{name}/builds", at + "/builds", new { source_blob = new { url = Text(source, "get_url"), version = "v1.2.3" } });
        Assert.DoesNotContain(Text(source, "get_url").Split('/')[^1], build.ToString());
        var output = await keyless.GetStringAsync(Text(build, "output_stream_url"));
        Assert.Contains("Procfile", output);
        await UntilAsync(async () =>
            (await world.AskAsync("GET /apps/{name}/builds/{build}", $"{at}/builds/{Text(build, "id")}")).GetProperty("release").ValueKind == JsonValueKind.Object);
    }
}
