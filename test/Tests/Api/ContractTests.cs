using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Sluice.Wire;

namespace Sluice.Tests.Api;

/// <summary>A running Sluice with an app in staging (pushed) and one in production, and every answer that the tests got from it.</summary>
public sealed class ContractWorld : IAsyncLifetime
{
    private readonly List<(string Route, string Path, JsonElement Body)> answers = [];

    internal RunningSluice Sluice { get; private set; } = null!;
    internal HttpClient Http { get; private set; } = null!;
    internal Contract Contract { get; } = Contract.Read();

    internal IReadOnlyList<(string Route, string Path, JsonElement Body)> Answers => answers;

    public async ValueTask InitializeAsync()
    {
        var ct = TestContext.Current.CancellationToken;
        Sluice = await RunningSluice.StartAsync(alone: false, ct);
        Http = new HttpClient { BaseAddress = Sluice.Url };
        Http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", Sluice.Key);
        Http.DefaultRequestHeaders.TryAddWithoutValidation("Accept", "application/vnd.heroku+json; version=3.sdk");
    }

    private Task? walk;

    internal Task WalkOnceAsync(Func<Task> start) => walk ??= start();

    /// <summary>Asks, expects success, and keeps the answer for the contract.</summary>
    internal async Task<JsonElement> AskAsync(string route, string path, object? body = null)
    {
        var method = route.Split(' ')[0];
        using var request = new HttpRequestMessage(new HttpMethod(method), path);
        if (body is not null)
            request.Content = new StringContent(JsonSerializer.Serialize(body), Encoding.UTF8, "application/json");
        using var answer = await Http.SendAsync(request);
        var text = await answer.Content.ReadAsStringAsync();
        Assert.True(answer.IsSuccessStatusCode, $"{method} {path}: {(int)answer.StatusCode} {text}");
        Assert.Equal("application/json", answer.Content.Headers.ContentType?.MediaType);
        Assert.True(answer.Headers.Contains("Request-Id"));
        using var document = JsonDocument.Parse(text);
        answers.Add((route, path, document.RootElement.Clone()));
        return document.RootElement.Clone();
    }

    internal async Task<(int Status, ErrorWire Error)> RefusalAsync(string method, string path, string? body = null, string? key = null)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), path);
        if (body is not null)
            request.Content = new StringContent(body, Encoding.UTF8, "application/json");
        if (key is not null)
            request.Headers.TryAddWithoutValidation("Authorization", key);
        using var answer = await Http.SendAsync(request);
        var text = await answer.Content.ReadAsStringAsync();
        Assert.True(text.StartsWith('{'), $"{method} {path}: {(int)answer.StatusCode} {text}");
        return ((int)answer.StatusCode, JsonSerializer.Deserialize(text, WireJson.Default.ErrorWire)!);
    }

    public async ValueTask DisposeAsync()
    {
        Http?.Dispose();
        if (Sluice is not null)
            await Sluice.DisposeAsync();
    }
}

public sealed partial class ContractTests(ContractWorld world) : IClassFixture<ContractWorld>
{
    private static readonly CancellationToken None = CancellationToken.None;

    [Fact]
    public async Task Every_answer_is_as_the_contract_says()
    {
        await world.WalkOnceAsync(WalkAsync);
        var contract = world.Contract;
        Assert.Empty(world.Answers.SelectMany(a => contract.Faults(a.Body, contract.Routes[a.Route].Answers, a.Route + " " + a.Path)));

        // Streams and uploads have tests of their own; what there is nothing of is always a refusal.
        var others = contract.Routes.Keys.Where(r => world.Contract.Routes[r].Answers == "text/plain" || r.Contains("{ticket}") || r.Contains("{**path}") || r.EndsWith("/invitations/{email}") || r == "PATCH /account/app-transfers/{transfer}");
        Assert.Empty(contract.Routes.Keys.Except(world.Answers.Select(a => a.Route)).Except(others));
    }

    [Fact]
    public async Task Every_answer_is_as_the_published_schema_says()
    {
        Assert.SkipUnless(File.Exists(HerokuSchema.File), "Heroku's published schema is not beside this repository.");
        await world.WalkOnceAsync(WalkAsync);
        var (schema, faults, known) = (HerokuSchema.Read(), new List<string>(), new HashSet<string>());
        foreach (var (route, path, body) in world.Answers)
        {
            if (schema.Answer(route.Split(' ')[0], route.Split(' ')[1]) is not var (expected, isList))
                continue;
            known.Add(route);
            faults.AddRange((isList ? body.EnumerateArray().ToArray() : [body]).SelectMany((item, i) => schema.Faults(item, expected, $"{route} {path}[{i}]")));
        }

        Assert.Empty(faults.Distinct());
        Assert.True(known.Count > 40, $"The schema has only these of our routes: {string.Join(", ", known)}");
    }

    /// <summary>A day in the life of two apps, over every route that answers JSON.</summary>
    private async Task WalkAsync()
    {
        foreach (var plain in world.Contract.Routes.Keys.Where(r => r.StartsWith("GET ") && !r.Contains('{') && world.Contract.Routes[r].Answers != "text/plain"))
            await world.AskAsync(plain, plain.Split(' ')[1]);
        await world.AskAsync("GET /stacks/{stack}", "/stacks/debian-12");
        await world.AskAsync("GET /regions/{region}", "/regions/us");
        await world.AskAsync("GET /dyno-sizes/{size}", "/dyno-sizes/basic");

        await ThingsOfAnAccountAsync();
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
        await ThingsOfAnAppAsync("walk");
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

    [Fact]
    public async Task A_slug_that_is_uploaded_can_be_released_and_fetched_again()
    {
        await world.AskAsync("POST /apps", "/apps", new { name = "uploaded" });
        var slug = await world.AskAsync("POST /apps/{name}/slugs", "/apps/uploaded/slugs", new { process_types = new { idle = "sleep 1000" } });
        Assert.Equal(JsonValueKind.Null, slug.GetProperty("checksum").ValueKind);
        var early = await world.RefusalAsync("POST", "/apps/uploaded/releases", $$"""{"slug": "{{Text(slug, "id")}}"}""");
        Assert.Equal((422, "invalid_params"), (early.Status, early.Error.Id));

        using var keyless = new HttpClient();
        using (var hostile = await keyless.PutAsync(Text(slug.GetProperty("blob"), "url"), new ByteArrayContent("this is no tarball"u8.ToArray())))
            Assert.Equal(HttpStatusCode.UnprocessableEntity, hostile.StatusCode);
        using (var put = await keyless.PutAsync(Text(slug.GetProperty("blob"), "url"), new ByteArrayContent(await TarballAsync("./app/"))))
            Assert.True(put.IsSuccessStatusCode, await put.Content.ReadAsStringAsync());

        var whole = await world.AskAsync("GET /apps/{name}/slugs/{slug}", "/apps/uploaded/slugs/" + Text(slug, "id"));
        Assert.Matches("^SHA256:[0-9a-f]{64}$", Text(whole, "checksum"));
        Assert.Equal("get", Text(whole.GetProperty("blob"), "method"));
        Assert.Equal([0x1f, 0x8b], (await keyless.GetByteArrayAsync(Text(whole.GetProperty("blob"), "url"))).Take(2));
        var release = await world.AskAsync("POST /apps/{name}/releases", "/apps/uploaded/releases", new { slug = Text(slug, "id"), description = "By hand" });
        Assert.Equal((2, "By hand"), (release.GetProperty("version").GetInt32(), Text(release, "description")));
    }

    [Fact]
    public async Task Logs_come_as_events_that_can_be_taken_up_again()
    {
        await world.AskAsync("POST /apps", "/apps", new { name = "talking" });
        var pushed = await world.Sluice.PushAsync("talking", new() { ["Procfile"] = "web: perl server.pl\n", ["server.pl"] = SampleApp.Files["server.pl"] }, None);
        Assert.True(pushed.ExitCode == 0, pushed.ToString());
        using var keyless = new HttpClient();
        var session = await world.AskAsync("POST /apps/{name}/log-sessions", "/apps/talking/log-sessions", new { lines = 100, tail = false });
        var events = "";
        await UntilAsync(async () => (events = await keyless.GetStringAsync(Text(session, "logplex_url"))).Contains("app[web.1]: listening on"));
        Assert.StartsWith("retry: 1\n\n", events);
        Assert.Matches(new Regex(@"^id: \d+\ndata: \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+00:00 app\[web\.1\]: listening on", RegexOptions.Multiline), events);

        var tail = await world.AskAsync("POST /apps/{name}/log-sessions", "/apps/talking/log-sessions", new { lines = 0, tail = true, dyno = "web.1" });
        using var request = new HttpRequestMessage(HttpMethod.Get, Text(tail, "logplex_url"));
        request.Headers.TryAddWithoutValidation("Last-Event-ID", "0");
        using var coming = await keyless.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        using var reader = new StreamReader(await coming.Content.ReadAsStreamAsync());
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (await reader.ReadLineAsync(limit.Token) is { } line && !line.Contains("listening on"))
        {
        }

        Assert.False(limit.IsCancellationRequested);
    }

    [Fact]
    public async Task A_list_comes_in_pages_and_a_client_of_ours_reads_them_all()
    {
        await world.AskAsync("POST /apps", "/apps", new { name = "paged" });
        for (var i = 0; i < 6; i++)
            await world.AskAsync("PATCH /apps/{name}/config-vars", "/apps/paged/config-vars", new { N = $"{i}" });
        using var client = world.Sluice.Client();
        var page = await client.PageAsync<ReleaseWire>("/apps/paged/releases", "version ..; max=3, order=desc", None);
        Assert.Equal([7, 6, 5], page.Select(r => r.Version));
        Assert.Equal([1, 2, 3, 4, 5, 6, 7], (await client.ListAsync<ReleaseWire>("/apps/paged/releases", None)).Select(r => r.Version));
        var refused = await Assert.ThrowsAsync<SluiceException>(() => client.GetAsync<AppWire>("/apps/nothing", None));
        Assert.Equal((404, "not_found", "app"), (refused.Status, refused.Id, refused.Resource));
    }

    [Fact]
    public async Task Nobody_without_a_key_learns_anything()
    {
        await world.AskAsync("POST /apps", "/apps", new { name = "guarded" });
        foreach (var (route, promise) in world.Contract.Routes.Where(r => r.Value.Needs != "open"))
        {
            var (method, path) = (route.Split(' ')[0], Hole().Replace(route.Split(' ')[1].Replace("{name}", "guarded"), "x"));
            foreach (var key in new[] { "Bearer undefined", "Bearer ", "Basic eDp5", "nonsense" })
            {
                var (status, error) = await world.RefusalAsync(method, path, method == "GET" ? null : "{}", key);
                Assert.True((401, "unauthorized") == (status, error.Id), $"{promise.Needs} {route}: {status} {error}");
            }
        }
    }

    [Fact]
    public async Task A_key_may_come_as_a_password_too()
    {
        foreach (var user in new[] { "", "heroku", "ada@localhost" })
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, "/account");
            request.Headers.TryAddWithoutValidation("Authorization", "Basic " + Convert.ToBase64String(Encoding.UTF8.GetBytes($"{user}:{world.Sluice.Key}")));
            using var answer = await world.Http.SendAsync(request);
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        }
    }

    [Fact]
    public async Task Bad_requests_are_refused_with_a_sentence_and_change_nothing()
    {
        await world.AskAsync("POST /apps", "/apps", new { name = "refusing" });
        var cases = new (string Method, string Path, string? Body, int Status, string Id)[]
        {
            ("GET", "/nowhere", null, 404, "not_found"),
            ("PUT", "/apps/refusing", "{}", 404, "not_found"),
            ("GET", "/apps/nothing", null, 404, "not_found"),
            ("GET", "/apps/..%2f..%2fetc", null, 404, "not_found"),
            ("GET", "/apps/refusing/releases/v9", null, 404, "not_found"),
            ("GET", "/apps/refusing/releases/99999999999999999999", null, 404, "not_found"),
            ("GET", "/apps/refusing/builds/x", null, 404, "not_found"),
            ("GET", "/apps/refusing/slugs/x", null, 404, "not_found"),
            ("GET", "/apps/refusing/dynos/web.1", null, 404, "not_found"),
            ("GET", "/apps/refusing/pipeline-couplings", null, 404, "not_found"),
            ("GET", "/pipelines/nothing", null, 404, "not_found"),
            ("GET", "/pipeline-promotions/x", null, 404, "not_found"),
            ("GET", "/streams/releases/x", null, 404, "not_found"),
            ("GET", "/logs/x", null, 404, "not_found"),
            ("POST", "/apps", "{", 400, "bad_request"),
            ("POST", "/apps", "[]", 400, "bad_request"),
            ("POST", "/apps", """{"name": 7, "stack": []}""", 422, "invalid_params"),
            ("POST", "/apps", """{"name": "refusing"}""", 422, "invalid_params"),
            ("POST", "/apps", """{"name": "Bad Name!"}""", 422, "invalid_params"),
            ("POST", "/apps", """{"region": "mars"}""", 422, "invalid_params"),
            ("PATCH", "/apps/refusing", """{"maintenance": "yes"}""", 422, "invalid_params"),
            ("PATCH", "/apps/refusing/config-vars", """{"A": {"deep": 1}, "1B": "x"}""", 422, "invalid_params"),
            ("PATCH", "/apps/refusing/config-vars", """{"A-B": "x"}""", 422, "invalid_params"),
            ("PATCH", "/apps/refusing/formation", """{"updates": [{"type": "web", "quantity": "many"}]}""", 422, "invalid_params"),
            ("PATCH", "/apps/refusing/formation", "{}", 422, "invalid_params"),
            ("PUT", "/apps/refusing/buildpack-installations", """{"updates": [{"buildpack": "file:///etc/passwd"}]}""", 422, "invalid_params"),
            ("POST", "/apps/refusing/builds", """{"source_blob": {"url": "http://127.0.0.1:1/x"}}""", 422, "invalid_params"),
            ("POST", "/apps/refusing/builds", "{}", 422, "invalid_params"),
            ("POST", "/apps/refusing/releases", "{}", 422, "invalid_params"),
            ("POST", "/apps/refusing/releases", """{"release": "v1"}""", 422, "invalid_params"),
            ("POST", "/apps/refusing/slugs", """{"process_types": {"we b": "x"}}""", 422, "invalid_params"),
            ("POST", "/apps/refusing/slugs", """{"process_types": {"web": "a\nb"}}""", 422, "invalid_params"),
            ("POST", "/apps/refusing/slugs", $$"""{"process_types": { {{string.Join(", ", Enumerable.Range(0, 51).Select(i => $"\"t{i}\": \"x\""))}} } }""", 422, "invalid_params"),
            ("POST", "/apps", """{"name": "\ud800"}""", 400, "bad_request"),
            ("POST", "/pipelines", """{"name": "X"}""", 422, "invalid_params"),
            ("POST", "/pipeline-couplings", "{}", 422, "invalid_params"),
            ("POST", "/pipeline-promotions", """{"source": {"app": {"id": "refusing"}}}""", 422, "invalid_params"),
            ("POST", "/pipeline-promotions", """{"source": {"app": {"id": "refusing"}}, "all_or_nothing": true}""", 422, "invalid_params"),
            ("POST", "/pipeline-promotions", """{"source": {"app": {"id": "refusing"}, "if_current": true}}""", 422, "invalid_params"),
            ("PUT", "/apps/refusing/downstream", """{"app": "refusing"}""", 422, "invalid_params"),
            ("PUT", "/apps/refusing/downstream", """{"app": "nobodys-app"}""", 404, "not_found"),
            ("GET", "/apps/refusing/downstream", null, 404, "not_found"),
            ("DELETE", "/apps/refusing/downstream", null, 404, "not_found"),
            ("GET", "/apps/refusing/downstreams?depth=0", null, 400, "bad_request"),
            ("POST", "/pipelines/nowhere/stages", """{"name": "canary", "after": "staging"}""", 404, "not_found"),
        };
        foreach (var (method, path, body, status, id) in cases)
        {
            var (actual, error) = await world.RefusalAsync(method, path, body);
            Assert.True((status, id) == (actual, error.Id), $"{method} {path} {body}: {actual} {error}");
            Assert.EndsWith(".", error.Message);
        }

        var releases = await world.AskAsync("GET /apps/{name}/releases", "/apps/refusing/releases");
        Assert.Single(releases.EnumerateArray());
        Assert.Equal("{}", (await world.AskAsync("GET /apps/{name}/config-vars", "/apps/refusing/config-vars")).ToString());
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

    internal static async Task<byte[]> TarballAsync(string prefix = "")
    {
        using var bytes = new MemoryStream();
        await using (var zip = new System.IO.Compression.GZipStream(bytes, System.IO.Compression.CompressionLevel.Fastest, leaveOpen: true))
        await using (var tar = new System.Formats.Tar.TarWriter(zip))
        {
            foreach (var (name, text) in SampleApp.Files)
            {
                await tar.WriteEntryAsync(new System.Formats.Tar.PaxTarEntry(System.Formats.Tar.TarEntryType.RegularFile, prefix + name)
                {
                    DataStream = new MemoryStream(Encoding.UTF8.GetBytes(text)),
                    ModificationTime = DateTimeOffset.UnixEpoch,
                });
            }
        }

        return bytes.ToArray();
    }

    private static async Task UntilAsync(Func<Task<bool>> done)
    {
        for (var tries = 0; !await done(); tries++)
        {
            Assert.True(tries < 300, "It did not come to pass within 60 s.");
            await Task.Delay(200);
        }
    }

    private static string Text(JsonElement json, string member) => json.GetProperty(member).GetString()!;

    [GeneratedRegex(@"\{[^}]*\}")]
    private static partial Regex Hole();
}
