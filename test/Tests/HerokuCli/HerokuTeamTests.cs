using Sluice.Tests.Api;

namespace Sluice.Tests.HerokuCli;

/// <summary>People, teams and what changes hands, typed at the Heroku CLI by several people: who may what, and what they are told. The plain lines are on the page.</summary>
public sealed class HerokuTeamTests(HerokuCliWorld heroku) : IClassFixture<HerokuCliWorld>
{
    [Fact]
    public async Task A_team_works_on_its_apps_and_hands_them_over()
    {
        var (jim, kim) = (await AccountAsync("jim@example.com"), await AccountAsync("kim@example.com"));
        await heroku.AskAsync("POST", "/teams", new { name = "acme" });
        var unknown = await heroku.HerokuAsync("members:add", "new@example.com", "--role", "member", "--team", "acme");
        Assert.Equal(2, unknown.ExitCode);
        Assert.Contains("There is no account new@example.com. An administrator of this Sluice makes it, with: sluice accounts:create new@example.com", unknown.Said);
        await heroku.AskAsync("PUT", "/teams/acme/members", new { email = "jim@example.com", role = "admin" });
        Assert.Contains("Adding jim@example.com to acme as member... done", await heroku.SucceedAsync("members:set", "jim@example.com", "--role", "member", "--team", "acme"));
        var members = await heroku.SucceedAsync("members", "--team", "acme");
        Assert.Contains("admin@localhost admin", members);
        Assert.Contains("jim@example.com member", members);
        Assert.Contains("admin@localhost is the last admin of team acme", (await heroku.HerokuAsync("members:remove", "admin@localhost", "--team", "acme")).Said);

        await AppsOfTheTeamAsync(jim, kim);
        await HandingOverAsync(jim, kim);
        await heroku.AskAsync("DELETE", "/teams/acme/members/jim@example.com");
        Assert.Equal(2, (await heroku.HerokuWithKeyAsync(jim, "apps:info", "-a", "acme-shop")).ExitCode);
    }

    private async Task AppsOfTheTeamAsync(string jim, string kim)
    {
        await heroku.AskAsync("POST", "/teams/apps", new { name = "acme-shop", team = "acme" });
        Assert.Contains("Apps in team acme acme-shop", await heroku.SucceedAsync("apps", "--team", "acme"));
        Assert.DoesNotContain("acme-shop", await heroku.SucceedAsync("apps"));
        Assert.Contains("acme-shop", await heroku.SucceedAsync("apps", "--all"));

        // Who was not let in is told so by the app's name, or that there is no such app.
        Assert.Contains("Couldn't find that app: acme-shop.", (await heroku.HerokuWithKeyAsync(kim, "apps:info", "-a", "acme-shop")).Said);
        await heroku.SucceedAsync("access:add", "kim@example.com", "-a", "acme-shop", "-p", "view");
        Assert.Contains(
            "You may not operate app acme-shop. Ask an admin of team acme for the operate permission.",
            (await heroku.HerokuWithKeyAsync(kim, "config:set", "A=1", "-a", "acme-shop")).Said);
        await heroku.SucceedAsync("access:update", "kim@example.com", "-a", "acme-shop", "-p", "operate,deploy");
        await heroku.AskAsync("PATCH", "/apps/acme-shop/config-vars", new { A = "1" }, kim);
        await heroku.SucceedAsync("access:remove", "kim@example.com", "-a", "acme-shop");
        Assert.Equal(404, (await heroku.RefusedAsync("GET", "/apps/acme-shop", key: kim)).Status);

        await heroku.SucceedAsync("apps:lock", "-a", "acme-shop");
        Assert.Contains("This app is already locked", (await heroku.HerokuAsync("apps:lock", "-a", "acme-shop")).Said);
        Assert.Equal(2, (await heroku.HerokuWithKeyAsync(jim, "apps:join", "-a", "acme-shop")).ExitCode);
        await heroku.AskAsync("PATCH", "/teams/apps/acme-shop", new { locked = false });

        // A person's own app: access without a word about permissions.
        await heroku.MakeAsync("own-shop");
        Assert.Contains("Adding kim@example.com access to the app own-shop... done", await heroku.SucceedAsync("access:add", "kim@example.com", "-a", "own-shop"));
        Assert.Contains("kim@example.com collaborator", await heroku.SucceedAsync("access", "-a", "own-shop"));
        Assert.Contains("own-shop", (await heroku.HerokuWithKeyAsync(kim, "apps")).Said);
    }

    private async Task HandingOverAsync(string jim, string kim)
    {
        // To a person: when they accept it. To a team that one is in, and back to somebody in it: at once.
        Assert.Contains("email sent", await heroku.SucceedAsync("apps:transfer", "kim@example.com", "-a", "own-shop"));
        Assert.Equal("admin@localhost", await OwnerAsync("own-shop"));
        var offer = (await heroku.AskAsync("GET", "/account/app-transfers", key: kim))[0].GetProperty("id").GetString();
        await heroku.AskAsync("PATCH", $"/account/app-transfers/{offer}", new { state = "accepted" }, kim);
        Assert.Equal("kim@example.com", await OwnerAsync("own-shop"));
        await heroku.MakeAsync("gift-shop", "mine");
        Assert.Contains("Transferring gift-shop to acme... done", await heroku.SucceedAsync("apps:transfer", "acme", "-a", "gift-shop", "--locked"));
        Assert.Contains("Transferring gift-shop to jim@example.com... done", await heroku.SucceedAsync("apps:transfer", "jim@example.com", "-a", "gift-shop", "--confirm", "gift-shop"));
        Assert.Contains("Owner: jim@example.com", (await heroku.HerokuWithKeyAsync(jim, "apps:info", "-a", "gift-shop")).Said);

        await heroku.SucceedAsync("pipelines:create", "acme-shop", "-a", "acme-shop", "-s", "production", "-t", "acme");
        await heroku.AskAsync("POST", "/pipeline-couplings", new { app = "mine", pipeline = "acme-shop", stage = "staging" });
        var info = await heroku.SucceedAsync("pipelines:info", "acme-shop");
        Assert.Contains("owner: acme (team)", info);
        Assert.Contains("Some apps in this pipeline do not belong to", info);
        await heroku.SucceedAsync("apps:transfer", "acme", "-a", "mine");
        Assert.DoesNotContain("do not belong", await heroku.SucceedAsync("pipelines:info", "acme-shop"));

        var foreign = await TransferAsync("kim@example.com");
        Assert.Equal(2, foreign.ExitCode);
        Assert.Contains("kim@example.com is not in it", foreign.Said);
        Assert.Equal(0, (await TransferAsync("admin@localhost")).ExitCode);
        Assert.Contains("never straight to another person", (await TransferAsync("jim@example.com")).Said);
        Assert.Contains("Cannot find a team or account for \"nobody\"", (await TransferAsync("nobody")).Said);
        Assert.Equal(0, (await TransferAsync("acme")).ExitCode);
        Assert.Contains("acme-shop production", (await heroku.HerokuWithKeyAsync(jim, "pipelines:info", "acme-shop")).Said);
    }

    private Task<Ran> TransferAsync(string to) => heroku.HerokuAsync("pipelines:transfer", to, "-p", "acme-shop", "-c", "acme-shop");

    private async Task<string?> OwnerAsync(string app) => (await heroku.AskAsync("GET", "/apps/" + app)).GetProperty("owner").GetProperty("email").GetString();

    private async Task<string> AccountAsync(string email) => (await heroku.AskAsync("POST", "/accounts", new { email })).GetProperty("api_key").GetString()!;
}
