using System.Text.Json;
using Sluice.Tests.Api;

namespace Sluice.Tests.HerokuCli;

/// <summary>People, teams and what changes hands, typed at the Heroku CLI by several people.</summary>
public sealed class HerokuTeamTests(HerokuCliWorld heroku) : IClassFixture<HerokuCliWorld>
{
    [Fact]
    public async Task A_team_works_on_its_apps_and_hands_them_over()
    {
        var (jim, kim) = (await AccountAsync("jim@example.com"), await AccountAsync("kim@example.com"));
        await AskAsync("POST", "/teams", new { name = "acme" });

        Assert.Contains("Adding jim@example.com to acme as member... done", await heroku.SucceedAsync("members:add", "jim@example.com", "--role", "member", "--team", "acme"));
        var unknown = await heroku.HerokuAsync("members:add", "new@example.com", "--role", "member", "--team", "acme");
        Assert.Equal(2, unknown.ExitCode);
        Assert.Contains("There is no account new@example.com. An administrator of this Sluice makes it, with: sluice accounts:create new@example.com", unknown.Said);
        Assert.Contains("Adding jim@example.com to acme as admin... done", await heroku.SucceedAsync("members:set", "jim@example.com", "--role", "admin", "--team", "acme"));
        await heroku.SucceedAsync("members:set", "jim@example.com", "--role", "member", "--team", "acme");
        var members = await heroku.SucceedAsync("members", "--team", "acme");
        Assert.Contains("admin@localhost admin", members);
        Assert.Contains("jim@example.com member", members);
        Assert.Contains("acme admin", await heroku.SucceedAsync("teams"));
        Assert.Contains("acme", await heroku.SucceedAsync("orgs"));
        var last = await heroku.HerokuAsync("members:remove", "admin@localhost", "--team", "acme");
        Assert.Contains("admin@localhost is the last admin of team acme", last.Said);

        await AppsOfTheTeamAsync(jim, kim);
        await HandingOverAsync(jim, kim);
        Assert.Contains("Removing jim@example.com from acme... done", await heroku.SucceedAsync("members:remove", "jim@example.com", "--team", "acme"));
        Assert.Equal(2, (await heroku.HerokuWithKeyAsync(jim, "apps:info", "-a", "acme-shop")).ExitCode);
    }

    private async Task AppsOfTheTeamAsync(string jim, string kim)
    {
        await heroku.SucceedAsync("apps:create", "acme-shop", "--team", "acme");
        Assert.Contains("Apps in team acme acme-shop", await heroku.SucceedAsync("apps", "--team", "acme"));
        Assert.DoesNotContain("acme-shop", await heroku.SucceedAsync("apps"));
        Assert.Contains("acme-shop", await heroku.SucceedAsync("apps", "--all"));

        // Who was not let in is told so by the app's name, or that there is no such app.
        Assert.Contains("Couldn't find that app: acme-shop.", (await heroku.HerokuWithKeyAsync(kim, "apps:info", "-a", "acme-shop")).Said);
        Assert.Contains("with view permissions... done", await heroku.SucceedAsync("access:add", "kim@example.com", "-a", "acme-shop", "-p", "view"));
        Assert.Contains(
            "You may not operate app acme-shop. Ask an admin of team acme for the operate permission.",
            (await heroku.HerokuWithKeyAsync(kim, "config:set", "A=1", "-a", "acme-shop")).Said);
        Assert.Contains("done", await heroku.SucceedAsync("access:update", "kim@example.com", "-a", "acme-shop", "-p", "operate,deploy"));
        Assert.Equal(0, (await heroku.HerokuWithKeyAsync(kim, "config:set", "A=1", "-a", "acme-shop")).ExitCode);
        Assert.Contains("kim@example.com collaborator deploy, operate, view", await heroku.SucceedAsync("access", "-a", "acme-shop"));
        Assert.Contains("done", await heroku.SucceedAsync("access:remove", "kim@example.com", "-a", "acme-shop"));
        Assert.DoesNotContain("kim@example.com", await heroku.SucceedAsync("access", "-a", "acme-shop"));

        Assert.Contains("Joining acme-shop... done", (await heroku.HerokuWithKeyAsync(jim, "apps:join", "-a", "acme-shop")).Said);
        Assert.Contains("Leaving acme-shop... done", (await heroku.HerokuWithKeyAsync(jim, "apps:leave", "-a", "acme-shop")).Said);
        Assert.Contains("Locking acme-shop... done", await heroku.SucceedAsync("apps:lock", "-a", "acme-shop"));
        Assert.Contains("This app is already locked", (await heroku.HerokuAsync("apps:lock", "-a", "acme-shop")).Said);
        Assert.Equal(2, (await heroku.HerokuWithKeyAsync(jim, "apps:join", "-a", "acme-shop")).ExitCode);
        Assert.Contains("Unlocking acme-shop... done", await heroku.SucceedAsync("apps:unlock", "-a", "acme-shop"));

        // A person's own app: access without a word about permissions.
        await heroku.SucceedAsync("apps:create", "own-shop");
        Assert.Contains("Adding kim@example.com access to the app own-shop... done", await heroku.SucceedAsync("access:add", "kim@example.com", "-a", "own-shop"));
        Assert.Contains("kim@example.com collaborator", await heroku.SucceedAsync("access", "-a", "own-shop"));
        Assert.Contains("own-shop", (await heroku.HerokuWithKeyAsync(kim, "apps")).Said);
    }

    private async Task HandingOverAsync(string jim, string kim)
    {
        // To a person: when they accept it. To a team that one is in, and back to somebody in it: at once.
        Assert.Contains("email sent", await heroku.SucceedAsync("apps:transfer", "kim@example.com", "-a", "own-shop"));
        var offer = JsonSerializer.Deserialize<JsonElement>(await AskAsync("GET", "/account/app-transfers", null, kim))[0].GetProperty("id").GetString();
        await AskAsync("PATCH", $"/account/app-transfers/{offer}", new { state = "accepted" }, kim);
        Assert.Contains("Owner: kim@example.com", await heroku.SucceedAsync("apps:info", "-a", "own-shop"));
        await heroku.SucceedAsync("apps:create", "gift-shop");
        Assert.Contains("Transferring gift-shop to acme... done", await heroku.SucceedAsync("apps:transfer", "acme", "-a", "gift-shop", "--locked"));
        Assert.Contains("Transferring gift-shop to jim@example.com... done", await heroku.SucceedAsync("apps:transfer", "jim@example.com", "-a", "gift-shop", "--confirm", "gift-shop"));
        Assert.Contains("Owner: jim@example.com", (await heroku.HerokuWithKeyAsync(jim, "apps:info", "-a", "gift-shop")).Said);

        await heroku.SucceedAsync("pipelines:create", "acme-shop", "-a", "acme-shop", "-s", "production", "-t", "acme");
        await heroku.SucceedAsync("apps:create", "mine");
        await heroku.SucceedAsync("pipelines:add", "acme-shop", "-a", "mine", "-s", "staging");
        var info = await heroku.SucceedAsync("pipelines:info", "acme-shop");
        Assert.Contains("owner: acme (team)", info);
        Assert.Contains("Some apps in this pipeline do not belong to", info);
        await heroku.SucceedAsync("apps:transfer", "acme", "-a", "mine");
        Assert.DoesNotContain("do not belong", await heroku.SucceedAsync("pipelines:info", "acme-shop"));

        var foreign = await heroku.HerokuAsync("pipelines:transfer", "kim@example.com", "-p", "acme-shop", "-c", "acme-shop");
        Assert.Equal(2, foreign.ExitCode);
        Assert.Contains("kim@example.com is not in it", foreign.Said);
        Assert.Contains("done", await heroku.SucceedAsync("pipelines:transfer", "admin@localhost", "-p", "acme-shop", "-c", "acme-shop"));
        Assert.Contains("never straight to another person", (await heroku.HerokuAsync("pipelines:transfer", "jim@example.com", "-p", "acme-shop", "-c", "acme-shop")).Said);
        Assert.Contains("Cannot find a team or account for \"nobody\"", (await heroku.HerokuAsync("pipelines:transfer", "nobody", "-p", "acme-shop", "-c", "acme-shop")).Said);
        Assert.Contains("done", await heroku.SucceedAsync("pipelines:transfer", "acme", "-p", "acme-shop", "-c", "acme-shop"));
        Assert.Contains("acme-shop production", (await heroku.HerokuWithKeyAsync(jim, "pipelines:info", "acme-shop")).Said);
    }

    private async Task<string> AccountAsync(string email) =>
        JsonSerializer.Deserialize<JsonElement>(await AskAsync("POST", "/accounts", new { email })).GetProperty("api_key").GetString()!;

    /// <summary>What the Heroku CLI has no command for, asked by hand in the network that it is in.</summary>
    private async Task<string> AskAsync(string method, string path, object? body, string? key = null)
    {
        const string Script = """
            const {URL: url, KEY, METHOD: method, BODY} = process.env
            fetch(url, {method, headers: {authorization: `Bearer ${KEY}`, 'content-type': 'application/json'}, body: BODY || undefined})
              .then(async a => { console.log(await a.text()); process.exit(a.ok ? 0 : 1) })
            """;
        var env = new Dictionary<string, string>
        {
            ["URL"] = new Uri(heroku.Sluice.Url, path).ToString(), ["KEY"] = key ?? heroku.Sluice.Key, ["METHOD"] = method, ["BODY"] = body is null ? "" : JsonSerializer.Serialize(body),
        };
        var ran = await heroku.RunAsync(heroku.Sluice.Scratch("elsewhere"), env, ["node", "-e", Script]);
        Assert.True(ran.ExitCode == 0, ran.ToString());
        return ran.Output;
    }
}
