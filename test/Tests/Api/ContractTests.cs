using System.Net;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Sluice.Wire;
using static Sluice.Tests.Api.ContractWorld;

namespace Sluice.Tests.Api;

public sealed partial class ContractTests(ContractWorld world) : IClassFixture<ContractWorld>
{
    private static readonly CancellationToken None = CancellationToken.None;

    [Fact]
    public async Task Every_answer_is_as_the_contract_says()
    {
        await world.WalkOnceAsync();
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
        await world.WalkOnceAsync();
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
    public async Task A_login_needs_the_address_that_goes_with_the_key()
    {
        Assert.Equal("unauthorized", Text(await world.LoginAsync("eve@localhost"), "id"));
        Assert.Equal("admin@localhost", Text((await world.LoginAsync("Admin@localhost")).GetProperty("user"), "email"));
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

    [GeneratedRegex(@"\{[^}]*\}")]
    private static partial Regex Hole();
}
