using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Sluice.Tests.Apps;

namespace Sluice.Tests.Api;

/// <summary>One's own app in the path, somebody else's thing behind it: as if that thing did not exist, to the byte.</summary>
public sealed partial class OthersThingsTests : IAsyncLifetime
{
    private static readonly TestCertificate Pair = TestCertificate.For("www.theirs.example");

    private RunningSluice sluice = null!;
    private HttpClient http = null!;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        sluice = await RunningSluice.StartAsync(alone: false, Ct);
        http = new HttpClient { BaseAddress = sluice.Url };
    }

    public async ValueTask DisposeAsync()
    {
        http.Dispose();
        await sluice.DisposeAsync();
    }

    [Fact]
    public async Task What_is_somebody_elses_is_not_found_behind_ones_own_app_and_stays_as_it_was()
    {
        var (me, they) = (await PersonAsync("me"), await PersonAsync("they"));
        await AskAsync(me, "POST /apps", new { name = "mine" });
        var theirs = await TheirsAsync(they);
        var before = await StateAsync(they, theirs);
        var (asked, faults) = (0, new List<string>());
        foreach (var route in Contract.Read().Routes.Keys.Where(r => Holes(r).Any(theirs.ContainsKey)))
        {
            var real = await TryAsync(me, route, hole => theirs[hole]);
            var none = await TryAsync(me, route, _ => Guid.NewGuid().ToString());
            asked++;
            if (real.Status != 404 || real != none)
                faults.Add($"{route}: {real} for what is theirs, {none} for what is nothing");
        }

        Assert.True(faults.Count == 0, string.Join('\n', faults));
        Assert.True(asked >= 25, $"Only {asked} routes were asked.");
        Assert.Equal(before, await StateAsync(they, theirs));
    }

    /// <summary>Files of a slug are source: whoever may have them may push and pull.</summary>
    [Fact]
    public async Task A_slug_is_released_to_ones_own_app_by_who_may_deploy_where_it_runs_and_by_nobody_else()
    {
        var (me, they) = (await PersonAsync("me"), await PersonAsync("they"));
        await AskAsync(me, "POST /apps", new { name = "mine" });
        await AskAsync(they, "POST /apps", new { name = "theirs" });
        var slug = await SlugAsync(they);

        Assert.Equal((404, $"Couldn't find that slug: {slug}."), await ReleaseAsync());
        await AskAsync(they, "POST /apps/theirs/collaborators", new { user = "me@example.com", permissions = new[] { "view" } });
        var (status, why) = await ReleaseAsync();
        Assert.Equal(403, status);
        Assert.StartsWith("You may not deploy", why, StringComparison.Ordinal);
        await AskAsync(they, "PATCH /apps/theirs/collaborators/me@example.com", new { permissions = new[] { "view", "deploy" } });
        Assert.Equal(201, (await ReleaseAsync()).Status);

        async Task<(int Status, string Message)> ReleaseAsync()
        {
            using var answer = await SendAsync(me, "POST", "/apps/mine/releases", new { slug });
            using var body = JsonDocument.Parse(await answer.Content.ReadAsStringAsync(Ct));
            return ((int)answer.StatusCode, body.RootElement.TryGetProperty("message", out var message) ? message.GetString()! : "");
        }
    }

    /// <summary>One of each, by the hole it fills.</summary>
    private async Task<Dictionary<string, string>> TheirsAsync(string key)
    {
        await AskAsync(key, "POST /apps", new { name = "theirs" });
        var slug = await SlugAsync(key);
        var release = Text(await AskAsync(key, "POST /apps/theirs/releases", new { slug }), "id");
        var build = await AskAsync(key, "POST /apps/theirs/builds", new { source_blob = new { url = await SourceAsync(key) } });
        await PersonAsync("third");
        var authorization = Text(await AskAsync(key, "POST /oauth/authorizations", new { description = "theirs" }), "id");
        var theirs = new Dictionary<string, string>
        {
            ["{slug}"] = slug,
            ["{release}"] = release,
            ["{build}"] = Text(build, "id"),
            ["{drain}"] = Text(await AskAsync(key, "POST /apps/theirs/log-drains", new { url = "https://logs.example.com/in" }), "id"),
            ["{domain}"] = Text(await AskAsync(key, "POST /apps/theirs/domains", new { hostname = "www.theirs.example", sni_endpoint = (string?)null }), "id"),
            ["{endpoint}"] = Text(await AskAsync(key, "POST /apps/theirs/sni-endpoints", new { certificate_chain = Pair.Chain, private_key = Pair.Key }), "id"),
            ["{transfer}"] = Text(await AskAsync(key, "POST /account/app-transfers", new { app = "theirs", recipient = "third@example.com" }), "id"),
            ["{key}"] = Text(await AskAsync(key, "POST /account/keys", new { public_key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGPUpM3dEpRkB6z8bDTwwqBkBNVr0sMuI2sFWXZtIVPi they@laptop" }), "id"),
            ["{authorization}"] = authorization,
            ["{session}"] = authorization,
        };
        for (var tries = 0; !theirs.ContainsKey("{dyno}"); tries++)
        {
            Assert.True(tries < 300, "No dyno came up.");
            await Task.Delay(100, Ct);
            foreach (var dyno in (await AskAsync(key, "GET /apps/theirs/dynos", null)).EnumerateArray().Where(d => Text(d, "state") == "up"))
                theirs["{dyno}"] = Text(dyno, "id");
        }

        return theirs;
    }

    private async Task<string> SlugAsync(string key)
    {
        var slug = await AskAsync(key, "POST /apps/theirs/slugs", new { process_types = new { web = "perl -e 'use IO::Socket; $s = IO::Socket::INET->new(LocalPort => $ENV{PORT}, Listen => 5, ReuseAddr => 1); while ($c = $s->accept) { print $c \"HTTP/1.1 200 OK\\r\\nContent-Length: 2\\r\\nConnection: close\\r\\n\\r\\nok\"; close $c }'" } });
        using var put = await http.PutAsync(Text(slug.GetProperty("blob"), "url"), new ByteArrayContent(await ContractWorld.TarballAsync("./app/")), Ct);
        Assert.True(put.IsSuccessStatusCode, await put.Content.ReadAsStringAsync(Ct));
        return Text(slug, "id");
    }

    private async Task<string> SourceAsync(string key)
    {
        var source = (await AskAsync(key, "POST /sources", new { })).GetProperty("source_blob");
        using var put = await http.PutAsync(Text(source, "put_url"), new ByteArrayContent([1, 2, 3]), Ct);
        Assert.True(put.IsSuccessStatusCode);
        return Text(source, "get_url");
    }

    private async Task<(int Status, string Body)> TryAsync(string key, string route, Func<string, string> fill)
    {
        string[] words = route.Split(' ');
        var ids = new List<string>();
        var path = Hole().Replace(words[1], hole => hole.Value == "{name}" ? "mine" : Noted(fill(hole.Value)));
        using var answer = await SendAsync(key, words[0], path, words[0] == "GET" ? null : BodyOf(route));
        var text = await answer.Content.ReadAsStringAsync(Ct);
        return ((int)answer.StatusCode, ids.Aggregate(text, (said, id) => said.Replace(id, "ID", StringComparison.Ordinal)));

        string Noted(string id)
        {
            ids.Add(id);
            return id;
        }
    }

    /// <summary>Something that would be done, were the thing there.</summary>
    private static object BodyOf(string route) => route switch
    {
        "PATCH /apps/{name}/domains/{domain}" => new { sni_endpoint = (string?)null },
        "PATCH /apps/{name}/sni-endpoints/{endpoint}" => new { certificate_chain = Pair.Chain, private_key = Pair.Key },
        "PATCH /oauth/authorizations/{authorization}" => new { description = "mine now" },
        "PATCH /account/app-transfers/{transfer}" => new { state = "accepted" },
        _ => new { },
    };

    private async Task<string> StateAsync(string key, Dictionary<string, string> theirs)
    {
        var state = new StringBuilder();
        foreach (var path in new[] { "/apps/theirs/log-drains", "/apps/theirs/domains", "/apps/theirs/sni-endpoints", "/account/app-transfers", "/account/keys", $"/apps/theirs/slugs/{theirs["{slug}"]}" })
            state.AppendLine(Blobs().Replace((await AskAsync(key, "GET " + path, null)).GetRawText(), "URL"));
        foreach (var path in new[] { "/apps/theirs/releases", "/apps/theirs/dynos" })
            state.AppendJoin(' ', (await AskAsync(key, "GET " + path, null)).EnumerateArray().Select(thing => Text(thing, "id")));
        return state.Append((await AskAsync(key, "GET /oauth/authorizations/" + theirs["{authorization}"], null)).GetProperty("description")).ToString();
    }

    private async Task<string> PersonAsync(string name) => Text(await AskAsync(sluice.Key, "POST /accounts", new { email = $"{name}@example.com" }), "api_key");

    private async Task<JsonElement> AskAsync(string key, string route, object? body)
    {
        string[] words = route.Split(' ');
        using var answer = await SendAsync(key, words[0], words[1], body);
        var text = await answer.Content.ReadAsStringAsync(Ct);
        Assert.True(answer.IsSuccessStatusCode, $"{route}: {(int)answer.StatusCode} {text}");
        using var document = JsonDocument.Parse(text);
        return document.RootElement.Clone();
    }

    private async Task<HttpResponseMessage> SendAsync(string key, string method, string path, object? body)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), path) { Headers = { Authorization = new AuthenticationHeaderValue("Bearer", key) } };
        if (body is not null)
            request.Content = new StringContent(JsonSerializer.Serialize(body), Encoding.UTF8, "application/json");
        return await http.SendAsync(request, Ct);
    }

    private static string Text(JsonElement thing, string property) => thing.GetProperty(property).GetString()!;

    private static IEnumerable<string> Holes(string route) => Hole().Matches(route).Select(hole => hole.Value);

    [GeneratedRegex(@"\{\w+\}")]
    private static partial Regex Hole();

    [GeneratedRegex("\"url\":\"[^\"]*\"|\"trouble\":(null|\"[^\"]*\")")]
    private static partial Regex Blobs();
}
