using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Sluice.Apps;
using Sluice.Teams;
using Sluice.Wire;

namespace Sluice.Tests.Api;

/// <summary>Someone who comes to the doors: what they may do with Ada's app and with the team's, and what they are in the team.</summary>
internal sealed record Caller(string Name, string? Key, PermissionSet OnAdasApp, PermissionSet OnTeamsApp, TeamRole? Role, PermissionSet OnAdasPipeline, bool IsAdministrator = false);

/// <summary>Every route × everyone who could come: who is let in, who is told no, and for whom there is nothing there. A new route must say here what it is about.</summary>
public sealed partial class DoorTests(ContractWorld world) : IClassFixture<ContractWorld>
{
    private static readonly PermissionSet All = PermissionSet.All | PermissionSet.Of(Permission.Own);
    private static readonly PermissionSet Look = PermissionSet.Of(Permission.View);
    private static readonly PermissionSet Work = PermissionSet.Of(Permission.View, Permission.Deploy, Permission.Operate);

    /// <summary>What would take the ground away under the others when it succeeds; who may do it is tried in the day that the contract tests live.</summary>
    private static readonly string[] Ends = ["DELETE /apps/{name}", "DELETE /pipelines/{pipeline}", "DELETE /teams/{team}", "DELETE /pipeline-couplings/{coupling}"];

    private readonly Dictionary<string, string> ids = [];

    [Fact]
    public async Task Every_route_lets_in_whom_it_should_and_nobody_else()
    {
        var (callers, faults) = (await PeopleAsync(), new List<string>());
        foreach (var (route, promise) in world.Contract.Routes.Where(r => r.Value.Needs != "open"))
        {
            foreach (var isTeams in new[] { false, true })
            {
                foreach (var caller in callers)
                {
                    var wanted = Expected(route, promise.Needs, caller, isTeams);
                    if (wanted == "in" && Ends.Contains(route))
                        continue;
                    var (status, error) = await KnockAsync(route, caller, isTeams);
                    var got = Outcome(status, error);
                    if (got != wanted)
                        faults.Add($"{caller.Name} at {route} ({promise.Needs}, {(isTeams ? "the team's" : "Ada's")}): {got} instead of {wanted}: {status} {error?.Message}");
                }
            }
        }

        await KnockAtGitAsync(callers, faults);
        await new PageDoors(world.Sluice.Url, ids).KnockAsync(callers, faults);
        Assert.True(faults.Count == 0, string.Join('\n', faults.Take(40)));
    }

    /// <summary>To clone and to push it takes the same, with the key as a password: git's own three routes, asked as git asks them.</summary>
    private async Task KnockAtGitAsync(IEnumerable<Caller> callers, List<string> faults)
    {
        string[] asks = ["GET info/refs?service=git-upload-pack", "GET info/refs?service=git-receive-pack", "POST git-upload-pack", "POST git-receive-pack"];
        foreach (var (caller, app, onApp) in callers.SelectMany(c => new[] { (c, "kept", c.OnAdasApp), (c, "held", c.OnTeamsApp) }))
        {
            foreach (var ask in asks)
            {
                using var request = new HttpRequestMessage(new HttpMethod(ask.Split(' ')[0]), $"/{app}.git/{ask.Split(' ')[1]}");
                if (caller.Key is { } key)
                    request.Headers.Authorization = new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes("anyone:" + key)));
                if (request.Method == HttpMethod.Post)
                    request.Content = new StringContent("0000");
                using var answer = await Keyless.SendAsync(request);
                var got = (int)answer.StatusCode switch { 401 => "who", 403 => "no", 404 => "nothing", 200 => "in", var odd => $"odd ({odd})" };
                var wanted = caller.Key is null ? "who" : Of(onApp, Permission.Deploy);
                if (got != wanted)
                    faults.Add($"{caller.Name} at {ask} of {app}.git: {got} instead of {wanted}");
            }
        }
    }

    /// <summary>Addresses that open without a key: given to someone who may, and used when they may not any more.</summary>
    [Fact]
    public async Task An_address_that_was_given_out_ends_with_the_right_of_whom_it_was_given_to()
    {
        var keys = new Dictionary<string, string>();
        foreach (var name in new[] { "lender", "borrower" })
            keys[name] = Text(await world.AskAsync("POST /accounts", "/accounts", new { email = $"{name}@example.com" }), "api_key");
        await AskAsync(keys["lender"], HttpMethod.Post, "/apps", new { name = "lent" });
        await AskAsync(keys["lender"], HttpMethod.Post, "/apps/lent/collaborators", new { user = "borrower@example.com", permissions = new[] { "deploy" } });
        var slug = await AskAsync(keys["borrower"], HttpMethod.Post, "/apps/lent/slugs", new { process_types = new { worker = "sleep 1" } });
        string[] addresses = [await LogAsync("borrower", tail: false), slug.GetProperty("blob").GetProperty("url").GetString()!];
        Assert.Equal("200, 200", await UseAsync(addresses));
        using var tail = await Keyless.GetAsync(await LogAsync("borrower", tail: true), HttpCompletionOption.ResponseHeadersRead);
        var tailing = (await tail.Content.ReadAsStreamAsync()).CopyToAsync(Stream.Null);

        await AskAsync(keys["lender"], HttpMethod.Delete, "/apps/lent/collaborators/borrower@example.com", null);
        Assert.Equal("404, 404", await UseAsync(addresses));
        await tailing.WaitAsync(TimeSpan.FromSeconds(60));

        // And with the key that it was asked for by.
        var session = await AskAsync(keys["lender"], HttpMethod.Post, "/oauth/authorizations", new { description = "for a while" });
        keys["session"] = Text(session.GetProperty("access_token"), "token");
        string[] loggedIn = [await LogAsync("session", tail: false)];
        Assert.Equal("200", await UseAsync(loggedIn));
        await AskAsync(keys["lender"], HttpMethod.Delete, $"/oauth/authorizations/{Text(session, "id")}", null);
        Assert.Equal("404", await UseAsync(loggedIn));

        async Task<string> LogAsync(string who, bool tail) => Text(await AskAsync(keys[who], HttpMethod.Post, "/apps/lent/log-sessions", new { tail }), "logplex_url");

        async Task<string> UseAsync(string[] urls)
        {
            var statuses = new List<int>();
            foreach (var url in urls)
            {
                using var answer = url.Contains("/logs/", StringComparison.Ordinal)
                    ? await Keyless.GetAsync(url) : await Keyless.PutAsync(url, new ByteArrayContent(await ContractWorld.TarballAsync("./app/")));
                statuses.Add((int)answer.StatusCode);
            }

            return string.Join(", ", statuses);
        }
    }

    [Fact]
    public async Task Targets_of_a_promotion_are_told_to_those_who_may_see_them()
    {
        var keys = new Dictionary<string, string>();
        foreach (var name in new[] { "maker", "looker" })
            keys[name] = Text(await world.AskAsync("POST /accounts", "/accounts", new { email = $"{name}@example.com" }), "api_key");
        await AskAsync(keys["maker"], HttpMethod.Post, "/apps", new { name = "made" });
        await PlaceAsync(keys["maker"], "made", owner: null);
        await AskAsync(keys["maker"], HttpMethod.Post, "/apps/made/collaborators", new { user = "looker@example.com", permissions = new[] { "view" } });
        var targets = $"/pipeline-promotions/{ids["made-promotion"]}/promotion-targets";
        Assert.Equal(1, (await AskAsync(keys["maker"], HttpMethod.Get, targets, null)).GetArrayLength());
        Assert.Equal(0, (await AskAsync(keys["looker"], HttpMethod.Get, targets, null)).GetArrayLength());
        await AskAsync(keys["maker"], HttpMethod.Post, "/apps/made-next/collaborators", new { user = "looker@example.com", permissions = new[] { "view" } });
        Assert.Equal(1, (await AskAsync(keys["looker"], HttpMethod.Get, targets, null)).GetArrayLength());
    }

    /// <summary>in, no (it is there, but not for that), nothing (as if it did not exist), who (no key).</summary>
    private static string Outcome(int status, ErrorWire? error) => (status, error) switch
    {
        (401, _) => "who",
        (403, { } no) when NoWords().IsMatch(no.Message) => "no",
        (404, { Resource: "app" or "pipeline" or "team" or "pipeline coupling" or "pipeline promotion" }) => "nothing",
        (404, { Resource: "repository" } none) when none.Message.StartsWith("There is no repository ", StringComparison.Ordinal) => "nothing",
        // Several refusals of one request are told together, as 422.
        (422, { } both) when NothingWords().IsMatch(both.Message) => "nothing",
        (422, { } both) when both.Message.StartsWith("You may not ", StringComparison.Ordinal) => "no",
        // Asked for what cannot be: something else that is not there, or a body that makes no sense.
        ( >= 200 and < 400, _) or (404, { Resource: not null }) or (400 or 409 or 422, not null) => "in",
        (403, { } noAccount) when noAccount.Message.EndsWith(" that the pipeline could go to.", StringComparison.Ordinal) => "in",
        _ => $"odd ({status})",
    };

    private string Expected(string route, string needs, Caller caller, bool isTeams)
    {
        if (caller.Key is null)
            return "who";
        var words = needs.Split(' ');
        var (onApp, onPipeline) = isTeams ? (caller.OnTeamsApp, Access.OnPipeline(false, caller.Role, !caller.OnTeamsApp.IsEmpty)) : (caller.OnAdasApp, caller.OnAdasPipeline);
        return words[0] switch
        {
            "account" => "in",
            "administrator" => caller.IsAdministrator ? "in" : "no",
            // To join and to leave it is enough to see the app; here everybody asks for somebody else.
            "app" when route.Contains("/collaborators", StringComparison.Ordinal) && !route.StartsWith("GET ", StringComparison.Ordinal) => Of(onApp, Permission.Manage),
            "app" => Of(onApp, PermissionOf(words[1])),
            _ => Inside(route, PermissionOf(words[1]), onApp, onPipeline, caller.Role),
        };
    }

    /// <summary>What a route asks inside, by what it is about. A route that is about nothing of these fails the test.</summary>
    private static string Inside(string route, Permission wanted, PermissionSet onApp, PermissionSet onPipeline, TeamRole? role)
    {
        var path = route.Split(' ')[1];
        if (path is "/pipeline-promotions" or "/account/app-transfers")
            return Of(onApp, wanted);
        if (path is "/pipeline-transfers" || path.StartsWith("/pipelines/{pipeline}", StringComparison.Ordinal))
            return Of(onPipeline, wanted);
        if (path == "/pipeline-couplings")
            return Of(onPipeline, wanted) is "in" ? Of(onApp, wanted) : Of(onPipeline, wanted);
        if (path.StartsWith("/pipeline-couplings/{coupling}", StringComparison.Ordinal))
            return Of(onApp, wanted) is "in" && route.StartsWith("PATCH ", StringComparison.Ordinal) ? Of(onPipeline, wanted) : Of(onApp, wanted);
        if (path.StartsWith("/pipeline-promotions/{promotion}", StringComparison.Ordinal))
            return Of(onApp, wanted);
        if (path.StartsWith("/teams/{team}", StringComparison.Ordinal))
            return InTeam(route, wanted, role);
        if (path.StartsWith("/repos/", StringComparison.Ordinal) || path.StartsWith("/github/repos/", StringComparison.Ordinal))
            return Of(onApp, wanted);
        if (path == "/app-setups")
            return Of(onPipeline, wanted);
        // The app that a setup made is its maker's alone, or its team's.
        if (path == "/app-setups/{setup}")
            return role is null && !onApp.Has(Permission.Own) ? "nothing" : Of(onApp, wanted);
        return $"{route} is not in this table: say here what it is about";
    }

    private static string InTeam(string route, Permission wanted, TeamRole? role) => (role, wanted) switch
    {
        (null, _) => "nothing",
        (TeamRole.Admin, _) => "in",
        (_, not Permission.View) => "no",
        (TeamRole.Collaborator, _) => route.EndsWith("/members", StringComparison.Ordinal) || route.EndsWith("/invitations", StringComparison.Ordinal) ? "no" : "in",
        _ => "in",
    };

    internal static string Of(PermissionSet granted, Permission wanted) => granted.Has(wanted) ? "in" : granted.Has(Permission.View) ? "no" : "nothing";

    private static Permission PermissionOf(string word) => Enum.Parse<Permission>(word, ignoreCase: true);

    private async Task<(int Status, ErrorWire? Error)> KnockAsync(string route, Caller caller, bool isTeams)
    {
        var (method, path) = (route.Split(' ')[0], Hole().Replace(route.Split(' ')[1], hole => Filled(hole.Value, isTeams)));
        using var request = new HttpRequestMessage(new HttpMethod(method), path);
        if (caller.Key is { } key)
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", key);
        if (method is not "GET")
            request.Content = new StringContent(BodyOf(route, isTeams), Encoding.UTF8, "application/json");
        using var answer = await Keyless.SendAsync(request);
        var text = await answer.Content.ReadAsStringAsync();
        return ((int)answer.StatusCode, answer.IsSuccessStatusCode ? null : JsonSerializer.Deserialize(text, WireJson.Default.ErrorWire));
    }

    private string Filled(string hole, bool isTeams) => hole switch
    {
        "{name}" => isTeams ? "held" : "kept",
        "{pipeline}" => ids[isTeams ? "held-pipeline" : "kept-pipeline"],
        "{coupling}" => ids[isTeams ? "held-coupling" : "kept-coupling"],
        "{promotion}" => ids[isTeams ? "held-promotion" : "kept-promotion"],
        "{team}" => "holders",
        "{email}" or "{user}" => "nobody@example.com",
        "{owner}" => "sluice",
        "{repo}" => isTeams ? "held" : "kept",
        "{setup}" => ids[isTeams ? "held-setup" : "kept-setup"],
        "{session}" => "nothing",
        _ => "nothing",
    };

    /// <summary>Names what the route is about, and asks for what cannot be.</summary>
    private string BodyOf(string route, bool isTeams)
    {
        var (app, pipeline) = (Filled("{name}", isTeams), Filled("{pipeline}", isTeams));
        object body = route switch
        {
            "POST /apps/{name}/collaborators" or "POST /teams/apps/{name}/collaborators" => new { user = isTeams ? "tadmin@example.com" : "ada@example.com", permissions = new[] { "view" } },
            "POST /pipeline-couplings" => new { app, pipeline, stage = "staging" },
            "POST /pipeline-promotions" => new { source = new { app }, targets = new[] { new { app } } },
            "POST /account/app-transfers" => new { app, recipient = "nobody@example.com" },
            "POST /pipeline-transfers" => new { pipeline = new { id = pipeline }, new_owner = new { id = Guid.NewGuid().ToString(), type = "user" } },
            "POST /app-setups" => new { source_blob = new { url = "ftp://example.com/x.tgz" }, pipeline_coupling = new { pipeline, stage = "staging" } },
            _ => new { },
        };
        return JsonSerializer.Serialize(body);
    }

    private HttpClient Keyless => field ??= new HttpClient { BaseAddress = world.Sluice.Url };

    /// <summary>Ada's app with people on it, and a team's app with people in it; each in a pipeline, each promoted once.</summary>
    private async Task<Caller[]> PeopleAsync()
    {
        var keys = new Dictionary<string, string>();
        foreach (var name in new[] { "ada", "stranger", "viewer", "deployer", "operator", "manager", "tadmin", "tmember", "tviewer", "tcollaborator" })
            keys[name] = (await world.AskAsync("POST /accounts", "/accounts", new { email = $"{name}@example.com" })).GetProperty("api_key").GetString()!;

        await AskAsync(keys["ada"], HttpMethod.Post, "/apps", new { name = "kept" });
        foreach (var (name, permission) in new[] { ("viewer", "view"), ("deployer", "deploy"), ("operator", "operate"), ("manager", "manage") })
            await AskAsync(keys["ada"], HttpMethod.Post, "/apps/kept/collaborators", new { user = $"{name}@example.com", permissions = new[] { permission } });

        var team = Text(await AskAsync(keys["tadmin"], HttpMethod.Post, "/teams", new { name = "holders" }), "id");
        foreach (var role in new[] { "member", "viewer", "collaborator" })
            await AskAsync(keys["tadmin"], HttpMethod.Put, "/teams/holders/members", new { email = $"t{role}@example.com", role });
        await AskAsync(keys["tadmin"], HttpMethod.Post, "/teams/apps", new { name = "held", team = "holders" });
        await PlaceAsync(keys["ada"], "kept", owner: null);
        await PlaceAsync(keys["tadmin"], "held", new { id = team, type = "team" });
        await SetUpAsync(keys["ada"], "kept", new { name = "kept-setup" });
        await SetUpAsync(keys["tadmin"], "held", new { name = "held-setup", organization = "holders" });

        var (own, none) = (All, PermissionSet.None);
        return
        [
            new("nobody", null, none, none, null, none),
            new("a stranger", keys["stranger"], none, none, null, none),
            new("one who may view", keys["viewer"], Look, none, null, Look),
            new("one who may deploy", keys["deployer"], PermissionSet.Of(Permission.Deploy), none, null, Look),
            new("one who may operate", keys["operator"], PermissionSet.Of(Permission.Operate), none, null, Look),
            new("one who may manage", keys["manager"], PermissionSet.Of(Permission.Manage), none, null, Look),
            new("the owner", keys["ada"], own, none, null, own),
            new("an admin of the team", keys["tadmin"], none, own, TeamRole.Admin, none),
            new("a member of the team", keys["tmember"], none, Work, TeamRole.Member, none),
            new("a viewer in the team", keys["tviewer"], none, Look, TeamRole.Viewer, none),
            new("a collaborator of the team", keys["tcollaborator"], none, none, TeamRole.Collaborator, none),
            new("an administrator", world.Sluice.Key, none, none, null, none, IsAdministrator: true),
        ];
    }

    private async Task SetUpAsync(string key, string whose, object app)
    {
        var source = await SourceAsync(key, await ContractWorld.TarballAsync("./app/"));
        ids[whose + "-setup"] = Text(await AskAsync(key, HttpMethod.Post, "/app-setups", new { app, source_blob = new { url = source } }), "id");
        var broken = await SourceAsync(key, [1, 2, 3]);
        ids[whose + "-build"] = Text(await AskAsync(key, HttpMethod.Post, $"/apps/{whose}/builds", new { source_blob = new { url = broken } }), "id");
    }

    private async Task<string> SourceAsync(string key, byte[] content)
    {
        var source = (await AskAsync(key, HttpMethod.Post, "/sources", new { })).GetProperty("source_blob");
        using var put = await Keyless.PutAsync(Text(source, "put_url"), new ByteArrayContent(content));
        Assert.True(put.IsSuccessStatusCode, await put.Content.ReadAsStringAsync());
        return Text(source, "get_url");
    }

    private async Task PlaceAsync(string key, string app, object? owner)
    {
        var next = app + "-next";
        await AskAsync(key, HttpMethod.Post, "/apps", owner is null ? new { name = next } : new { name = next, team = "holders" });
        var pipeline = ids[app + "-pipeline"] = Text(await AskAsync(key, HttpMethod.Post, "/pipelines", new { name = app, owner }), "id");
        ids[app + "-coupling"] = Text(await AskAsync(key, HttpMethod.Post, "/pipeline-couplings", new { app, pipeline, stage = "staging" }), "id");
        await AskAsync(key, HttpMethod.Post, "/pipeline-couplings", new { app = next, pipeline, stage = "production" });
        var slug = await AskAsync(key, HttpMethod.Post, $"/apps/{app}/slugs", new { process_types = new { worker = "sleep 1" } });
        using (var put = await Keyless.PutAsync(slug.GetProperty("blob").GetProperty("url").GetString(), new ByteArrayContent(await ContractWorld.TarballAsync("./app/"))))
            Assert.True(put.IsSuccessStatusCode, await put.Content.ReadAsStringAsync());
        await AskAsync(key, HttpMethod.Post, $"/apps/{app}/releases", new { slug = Text(slug, "id") });
        var version = 0;
        for (var tries = 0; version < 2; tries++)
        {
            Assert.True(tries < 300, "The release did not succeed.");
            await Task.Delay(TimeSpan.FromMilliseconds(100), TimeProvider.System, CancellationToken.None);
            version = (await AskAsync(key, HttpMethod.Get, $"/apps/{app}/releases", null)).EnumerateArray().Where(r => Text(r, "status") == "succeeded").Max(r => r.GetProperty("version").GetInt32());
        }

        ids[app + "-promotion"] = Text(await AskAsync(key, HttpMethod.Post, "/pipeline-promotions", new { source = new { app } }), "id");
    }

    private async Task<JsonElement> AskAsync(string key, HttpMethod method, string path, object? body)
    {
        using var request = new HttpRequestMessage(method, path) { Headers = { Authorization = new AuthenticationHeaderValue("Bearer", key) } };
        if (body is not null)
            request.Content = new StringContent(JsonSerializer.Serialize(body), Encoding.UTF8, "application/json");
        using var answer = await Keyless.SendAsync(request);
        var text = await answer.Content.ReadAsStringAsync();
        Assert.True(answer.IsSuccessStatusCode, $"{method} {path}: {(int)answer.StatusCode} {text}");
        using var document = JsonDocument.Parse(text);
        return document.RootElement.Clone();
    }

    private static string Text(JsonElement value, string name) => value.GetProperty(name).GetString()!;

    [GeneratedRegex(@"\{\w+\}")]
    private static partial Regex Hole();

    [GeneratedRegex("^Couldn't find that (app|pipeline): ")]
    private static partial Regex NothingWords();

    [GeneratedRegex("^(You may not |You are a |Only )")]
    private static partial Regex NoWords();
}
