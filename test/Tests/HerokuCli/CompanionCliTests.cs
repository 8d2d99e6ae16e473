using System.Diagnostics;
using System.Text.RegularExpressions;
using Sluice.Tests.Api;
using Sluice.Tests.Cli;
using Sluice.Tests.House;

namespace Sluice.Tests.HerokuCli;

/// <summary>The Heroku CLI in a shell that evaluated <c>sluice env</c>: what asks hosts of others is answered here, in a network that has none of them.</summary>
public sealed partial class CompanionCliTests(HerokuCliWorld heroku) : IClassFixture<HerokuCliWorld>
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Pipelines_diff_works_without_a_code_host()
    {
        var env = await EnvAsync("--companion");
        Assert.Contains("shop-staging was not compared to shop as shop does not have any releases", (await DiffAsync(env, "shop-staging")).Said);
        Assert.Equal(["succeeded"], await heroku.PromoteAsync("shop-staging"));
        var pushed = await heroku.Sluice.PushAsync("shop-staging", new(SampleApp.Files) { ["news"] = "1" }, Ct);
        Assert.True(pushed.ExitCode == 0, pushed.ToString());
        await heroku.AskAsync("PATCH", "/apps/shop-staging/config-vars", new { ONLY = "config" });
        var diff = await DiffAsync(env, "shop-staging");
        Assert.Equal(0, diff.ExitCode);
        Assert.Contains("=== shop-staging is ahead of shop by 1 commit", diff.Said);
        Assert.Matches("[0-9a-f]{7} .* Tests Change [0-9a-f-]{36}", diff.Said);
    }

    [Fact]
    public async Task A_pipeline_is_connected_to_no_repository_but_one_that_is_held_here_and_may_be_seen()
    {
        var env = await EnvAsync("--companion");
        var unknown = await heroku.HerokuInAsync(heroku.Sluice.Scratch("elsewhere"), env, "pipelines:connect", "shop", "-r", "acme/shop");
        Assert.NotEqual(0, unknown.ExitCode);
        Assert.Contains("Couldn't access that repo", unknown.Said);
        var stranger = await heroku.HerokuInAsync(heroku.Sluice.Scratch("elsewhere"), new(env) { ["HEROKU_API_KEY"] = "sluice_wrong" }, "pipelines:connect", "shop", "-r", "sluice/shop");
        Assert.Contains("Account not connected to GitHub.", stranger.Said);
    }

    [Fact]
    public async Task A_pipeline_is_set_up_from_a_repository_in_one_go()
    {
        var env = await EnvAsync("--companion");
        await heroku.MakeAsync("origin");
        var files = new Dictionary<string, string>(SampleApp.Files)
        {
            ["app.json"] = """{"env": {"GREETING": "Set up", "KEY": {"generator": "secret"}}, "formation": {"worker": {"quantity": 1}}, "buildpacks": [{"url": "heroku/procfile"}]}""",
        };
        var pushed = await heroku.Sluice.PushAsync("origin", files, Ct);
        Assert.True(pushed.ExitCode == 0, pushed.ToString());

        var made = await heroku.HerokuInAsync(heroku.Sluice.Scratch("elsewhere"), env, "pipelines:setup", "bakery", "sluice/origin", "-y");
        Assert.True(made.ExitCode == 0, made.ToString());
        foreach (var step in new[] { "Creating pipeline... done", "Linking to repo... done", "Creating production and staging apps (bakery and bakery-staging)... done", "Configuring pipeline... done" })
            Assert.Contains(step, made.Said.Replace("⬢ ", ""));
        Assert.Contains("bakery-staging staging bakery production", await heroku.SucceedAsync("pipelines:info", "bakery"));
        var vars = await heroku.AskAsync("GET", "/apps/bakery/config-vars");
        Assert.Equal("Set up", vars.GetProperty("GREETING").GetString());
        Assert.Matches("^[0-9a-f]{64}$", vars.GetProperty("KEY").GetString());
        Assert.NotEqual(vars.GetProperty("KEY").GetString(), (await heroku.AskAsync("GET", "/apps/bakery-staging/config-vars")).GetProperty("KEY").GetString());
        Assert.Equal(1, (await heroku.AskAsync("GET", "/apps/bakery/formation/worker")).GetProperty("quantity").GetInt32());
        Assert.Contains("bakery-staging is up to date with bakery", (await DiffAsync(env, "bakery-staging")).Said);

        await heroku.Sluice.PushAsync("origin", new(files) { ["app.json"] = """{"env": {"MISSING": {"required": true}}}""" }, Ct);
        var refused = await heroku.HerokuInAsync(heroku.Sluice.Scratch("elsewhere"), env, "pipelines:setup", "bread", "sluice/origin", "-y");
        Assert.Equal(1, refused.ExitCode);
        Assert.Contains("app.json requires the config var MISSING", refused.Said);
        Assert.Equal(404, (await heroku.RefusedAsync("GET", "/apps/bread")).Status);
    }

    [Theory]
    [InlineData("")]
    [InlineData("--companion")]
    public async Task A_folder_is_pushed_by_plain_git(string flag)
    {
        var (app, folder) = ($"plain{flag.Length}", heroku.Sluice.Scratch($"plain{flag.Length}"));
        var env = await EnvAsync(flag);
        await heroku.MakeAsync(app);
        foreach (var (name, text) in SampleApp.Files)
            await File.WriteAllTextAsync(Path.Combine(folder, name), text, Ct);
        await GitAsync("init", "-q", "-b", "main");
        await GitAsync("add", "--all");
        await GitAsync("-c", "user.name=Tests", "-c", "user.email=tests@localhost", "commit", "-q", "-m", "First");
        var remote = await heroku.HerokuInAsync(folder, env, "git:remote", "-a", app);
        Assert.True(remote.ExitCode == 0, remote.ToString());
        Assert.Contains($"set git remote heroku to https://{heroku.Sluice.Url.Authority}/{app}.git", remote.Said);
        Assert.Contains("Verifying deploy... done.", await GitAsync("push", "heroku", "main"));

        async Task<string> GitAsync(params string[] arguments)
        {
            var ran = await heroku.RunAsync(folder, new(env) { ["GIT_CONFIG_NOSYSTEM"] = "1", ["GIT_TERMINAL_PROMPT"] = "0" }, ["git", .. arguments]);
            Assert.True(ran.ExitCode == 0, ran.ToString());
            return ran.Said;
        }
    }

    /// <summary>The server stands on this machine here; the way to it, by verified TLS, is that to one elsewhere.</summary>
    [Fact]
    public async Task A_server_elsewhere_is_put_on_a_port_here_and_the_Heroku_CLI_works_with_it()
    {
        var (far, url) = (heroku.Sluice.Scratch("connected"), $"https://localhost:{heroku.Sluice.Url.Port}");
        var command = heroku.Sluice.InNetwork([Built.Server, "connect", url, "--ca", heroku.Sluice.Data.CertificateAuthority, "--data", far]);
        using var connect = Process.Start(new ProcessStartInfo(command[0], command[1..]) { RedirectStandardOutput = true, UseShellExecute = false })!;
        try
        {
            Assert.Contains(url + " is at http://localhost:", await connect.StandardOutput.ReadLineAsync(Ct));
            var (plain, companion) = (await EnvAsync("", far), await EnvAsync("--companion", far));
            Assert.NotEqual(heroku.Sluice.Url.GetLeftPart(UriPartial.Authority), plain["HEROKU_HOST"]);
            Assert.Matches("shop-staging (is|was) ", (await SucceedAsync(companion, "pipelines:diff -a shop-staging")).Said);
            Assert.Contains("migrating for Staging", (await SucceedAsync(plain, "releases:output -a shop-staging")).Said);
            Assert.Contains("heroku[release", (await SucceedAsync(plain, "logs -n 1500 -a shop-staging")).Said);
            var run = await heroku.HerokuInAsync(far, plain, "run", "-x", "-a", "shop-staging", "echo $GREETING; exit 4");
            Assert.Equal((4, "Staging\n"), (run.ExitCode, run.Output));
            var clone = await heroku.RunAsync(far, new(plain) { ["GIT_CONFIG_NOSYSTEM"] = "1", ["GIT_TERMINAL_PROMPT"] = "0" }, ["git", "clone", "-q", $"https://{plain["HEROKU_GIT_HOST"]}/shop-staging.git"]);
            Assert.True(clone.ExitCode == 0, clone.ToString());
            Assert.True(File.Exists(Path.Combine(far, "shop-staging", "Procfile")));
        }
        finally
        {
            using (var kill = Process.Start("kill", ["-TERM", $"{connect.Id}"]))
                await kill.WaitForExitAsync(Ct);
            await connect.WaitForExitAsync(Ct);
        }

        async Task<Ran> SucceedAsync(Dictionary<string, string> env, string line)
        {
            var ran = await heroku.HerokuInAsync(far, env, line.Split(' '));
            Assert.True(ran.ExitCode == 0, $"heroku {line}: {ran}");
            return ran;
        }
    }

    private Task<Ran> DiffAsync(Dictionary<string, string> env, string app) => heroku.HerokuInAsync(heroku.Sluice.Scratch("elsewhere"), env, "pipelines:diff", "-a", app);

    /// <summary>What <c>sluice env</c> prints, as a shell would take it.</summary>
    private async Task<Dictionary<string, string>> EnvAsync(string flag, string? folder = null)
    {
        using var typed = new Typed { Variables = { ["SLUICE_DATA"] = folder ?? heroku.Sluice.Data.Root, ["SLUICE_KEY"] = heroku.Sluice.Key, ["XDG_CONFIG_HOME"] = heroku.Sluice.Scratch("config") } };
        foreach (var name in new[] { "GIT_SSL_CAINFO", "NODE_EXTRA_CA_CERTS", "SSL_CERT_FILE", "SSL_CERT_DIR", "HTTPS_PROXY", "https_proxy" })
        {
            if (Environment.GetEnvironmentVariable(name) is { Length: > 0 } value)
                typed.Variables[name] = value;
        }
        var code = await typed.Run($"env {flag}".TrimEnd());
        Assert.True(code == 0, typed.Error);
        return typed.Out.TrimEnd('\n').Split('\n').Select(l => Exported().Match(l)).ToDictionary(m => m.Groups[1].Value, m => m.Groups[2].Value);
    }

    [GeneratedRegex("^export ([A-Z0-9_]+)='(.*)'$")]
    private static partial Regex Exported();
}
