using System.Text;
using System.Text.RegularExpressions;
using Sluice.Tests.Api;
using Sluice.Tests.Cli;
using Sluice.Tests.House;

namespace Sluice.Tests.HerokuCli;

/// <summary>
/// <c>docs/heroku-cli.md</c>, the page that says which commands of the unmodified Heroku CLI work: each line was run here, in a network that has loopback only.
/// When a line or its words change, this writes the page anew and fails, so that it is looked at and committed.
/// </summary>
public sealed partial class HerokuCliPageTests(HerokuCliWorld heroku) : IClassFixture<HerokuCliWorld>
{
    private const string Page = "docs/heroku-cli.md";
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    /// <param name="Line">As typed after <c>heroku</c>.</param>
    /// <param name="Shows">Stands in what it prints, white space aside.</param>
    /// <param name="Note">How, or what else to know; empty when it simply works.</param>
    private sealed record Command(string Line, string Shows, string Note = "", bool Companion = false, bool Works = true);

    private static readonly Command[] Commands =
    [
        new("pipelines:create guide -a guide-staging -s staging", "Adding guide-staging to guide pipeline as staging... done"),
        new("pipelines:add guide -a guide -s development", "Adding guide to guide pipeline as development... done"),
        new("pipelines:update -a guide -s production", "Changing guide to production... done"),
        new("pipelines", "=== My Pipelines"),
        new("pipelines:info guide", "guide-staging staging guide production"),
        new("pipelines:promote -a shop-staging", "Promotion successful shop: succeeded", "the output of the release command is streamed"),
        new("pipelines:diff -a shop-staging", "shop-staging is up to date with shop", "from the repositories of the server; the address of github.com below a list of commits is fixed text", Companion: true),
        new("pipelines:connect guide -r sluice/shop-staging", "Linking to repo... done", "each app's repository is `sluice/APP`", Companion: true),
        new("pipelines:setup oven sluice/shop-staging -y", "Configuring pipeline... done", "app.json without add-ons and postdeploy script; automatic deploys, tests and review apps are kept, but nothing acts on them yet; tries to open dashboard.heroku.com at its end", Companion: true),
        new("logs -n 5 --source app -a shop-staging", "app[", "also `--tail`, `--dyno-name`, `--process-type`"),
        new("drains:add syslog+tls://logs.example.com:6514 -a shop-staging", "Successfully added drain syslog+tls://logs.example.com:6514", "syslog, syslog+tls, https, http; to the public network, unless the server runs with `--private-drains`"),
        new("drains -a shop-staging", "=== Drains syslog+tls://logs.example.com:6514 (d."),
        new("drains:remove syslog+tls://logs.example.com:6514 -a shop-staging", "Successfully removed drain syslog+tls://logs.example.com:6514"),
        new("pipelines:rename guide handbook", "Renaming guide pipeline to handbook... done"),
        new("pipelines:transfer writers -p handbook -c handbook", "Transferring handbook pipeline to the writers team... done", "to a team that you are in, or to one of its members"),
        new("pipelines:remove -a guide", "Removing guide... done"),
        new("pipelines:destroy handbook", "Destroying handbook pipeline... done"),
        new("run -x -a shop-staging -- echo hello", "hello", "over TLS on the one port; terminal and its size, pipes, Ctrl-C and the exit code; nothing in between may take TLS apart"),
        new("run:detached -a shop-staging -- sleep 600", "Run heroku logs --app shop-staging --dyno run."),
        new("ps -a shop-staging", "=== run: one-off processes"),
        new("ps:stop --process-type run -a shop-staging", "Stopping all run dynos on shop-staging... done"),
        new("pipelines:open shop", "Opening https://dashboard.heroku.com/pipelines/", "the address is wired in: use `sluice pipelines:open shop`", Works: false),
    ];

    [Fact]
    public async Task Every_line_of_the_page_does_what_it_says()
    {
        foreach (var app in new[] { "guide-staging", "guide" })
            await heroku.SucceedAsync("apps:create", app);
        var team = await heroku.RunAsync("/", [], ["curl", "-sf", "-X", "POST", "-H", $"Authorization: Bearer {heroku.Sluice.Key}", "-d", """{"name": "writers"}""", new Uri(heroku.Sluice.Url, "/teams").ToString()]);
        Assert.True(team.ExitCode == 0, team.ToString());
        var (plain, companion) = (await EnvAsync("env"), await EnvAsync("env --companion"));
        foreach (var command in Commands)
        {
            var ran = await heroku.HerokuInAsync(heroku.Sluice.Scratch("elsewhere"), command.Companion ? companion : plain, command.Line.Split(' '));
            Assert.True(ran.Said.Replace("⬢ ", "", StringComparison.Ordinal).Contains(command.Shows, StringComparison.Ordinal), $"heroku {command.Line}: {ran}");
            Assert.True(ran.ExitCode == 0 || !command.Works, $"heroku {command.Line}: {ran}");
        }

        var page = Text();
        var file = Path.Combine(Repository.Root, Page);
        if (File.Exists(file) && await File.ReadAllTextAsync(file, Ct) == page)
            return;
        await File.WriteAllTextAsync(file, page, Ct);
        Assert.Fail($"{Page} was not what these commands say; it was written anew. Look at it and commit it.");
    }

    private static string Text()
    {
        var text = new StringBuilder("""
            # The Heroku CLI, unmodified

            Made by a test that runs each of these lines with version 11 of the Heroku CLI against a server, in a network that has loopback only: so they work, and nothing leaves
            the machine. `eval "$(sluice env)"` points the Heroku CLI at a server; lines marked *companion* need `eval "$(sluice env --companion)"`, see [the command line](cli.md).

            | `heroku …` | Works | Shows | |
            |---|---|---|---|

            """);
        foreach (var c in Commands)
        {
            var note = string.Join("; ", new[] { c.Companion ? "*companion*" : "", c.Note }.Where(n => n.Length > 0));
            text.AppendLine($"| `{c.Line}` | {(c.Works ? "yes" : "no")} | {c.Shows} | {note} |");
        }
        return text.ToString();
    }

    private async Task<Dictionary<string, string>> EnvAsync(string line)
    {
        using var typed = new Typed { Variables = { ["SLUICE_DATA"] = heroku.Sluice.Data.Root, ["XDG_CONFIG_HOME"] = heroku.Sluice.Scratch("config") } };
        foreach (var name in new[] { "GIT_SSL_CAINFO", "NODE_EXTRA_CA_CERTS", "SSL_CERT_FILE", "SSL_CERT_DIR", "HTTPS_PROXY", "https_proxy" })
        {
            if (Environment.GetEnvironmentVariable(name) is { Length: > 0 } value)
                typed.Variables[name] = value;
        }
        Assert.Equal(0, await typed.Run(line));
        return typed.Out.TrimEnd('\n').Split('\n').Select(l => Exported().Match(l)).ToDictionary(m => m.Groups[1].Value, m => m.Groups[2].Value);
    }

    [GeneratedRegex("^export ([A-Za-z0-9_]+)='(.*)'$")]
    private static partial Regex Exported();
}
