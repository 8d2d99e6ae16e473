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

    [Fact]
    public async Task Every_line_of_the_page_does_what_it_says()
    {
        await heroku.OpenAuthorityAsync();
        await heroku.MakeAsync("guide-staging", "guide");
        await heroku.AskAsync("POST", "/teams", new { name = "writers" });
        var keys = new Dictionary<string, string>();
        foreach (var email in new[] { "jim@example.com", "kim@example.com" })
            keys[email] = (await heroku.AskAsync("POST", "/accounts", new { email })).GetProperty("api_key").GetString()!;
        var (folder, plain, companion) = (await FolderAsync(), await EnvAsync("env"), await EnvAsync("env --companion"));

        var (faults, kept) = (new List<string>(), new Dictionary<string, string>());
        foreach (var line in HerokuCliLines.All.SelectMany(part => part.Lines))
        {
            var words = line.Line.Split(' ').Select(word => kept.GetValueOrDefault(word, word)).ToArray();
            var env = line.Who is { } who ? new(plain) { ["HEROKU_API_KEY"] = keys[who] } : line.Companion ? companion : plain;
            var ran = line.Script is { } script ? await TypedAsync(script, plain) : await heroku.HerokuInAsync(folder, env, words);
            if (line.Keeps is var (word, pattern) && Regex.Match(ran.Output, pattern) is { Success: true } match)
                kept[word] = match.Groups[1].Value;
            if (!line.IsShownBy(ran.Said.Replace("⬢ ", "", StringComparison.Ordinal)) || (ran.ExitCode != 0 && line.Works))
                faults.Add($"heroku {line.Line}: {ran}");
            if (await MissedAsync(line, text => kept.Aggregate(text, (all, word) => all.Replace(word.Key, word.Value, StringComparison.Ordinal))) is { } missed)
                faults.Add($"heroku {line.Line}: {missed}");
        }
        Assert.True(faults.Count == 0, string.Join("\n\n", faults));

        var page = Text();
        var file = Path.Combine(Repository.Root, Page);
        if (File.Exists(file) && await File.ReadAllTextAsync(file, Ct) == page)
            return;
        await File.WriteAllTextAsync(file, page, Ct);
        Assert.Fail($"{Page} was not what these commands say; it was written anew. Look at it and commit it.");
    }

    /// <summary>What it should have done and did not, as the API tells; null: it did.</summary>
    private async Task<string?> MissedAsync(HerokuCliLine line, Func<string, string> known)
    {
        if (line.Leaves is var (path, text))
        {
            var (status, answer) = await heroku.AnswerAsync("GET", known(path));
            if (status != 200 || !answer.GetRawText().Contains(known(text), StringComparison.Ordinal))
                return $"{path} should tell {text}, and tells {status} {answer}";
        }
        if (line.Gone is var (from, gone))
        {
            var (status, answer) = await heroku.AnswerAsync("GET", known(from));
            if (status != 404 && (status != 200 || answer.GetRawText().Contains(known(gone), StringComparison.Ordinal)))
                return $"{from} should not tell {gone}, and tells {status} {answer}";
        }
        return null;
    }

    /// <summary>A repository with the files that some of the lines name.</summary>
    private async Task<string> FolderAsync()
    {
        var folder = heroku.Sluice.Scratch("page");
        foreach (var file in new[] { "one", "two" })
        {
            var pair = Apps.TestCertificate.For(file == "one" ? ["www.guide.example"] : ["www.guide.example", "shop.guide.example"]);
            await File.WriteAllTextAsync(Path.Combine(folder, file + ".crt"), pair.Chain, Ct);
            await File.WriteAllTextAsync(Path.Combine(folder, file + ".key"), pair.Key, Ct);
        }
        await File.WriteAllTextAsync(Path.Combine(folder, "id.pub"), "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGPUpM3dEpRkB6z8bDTwwqBkBNVr0sMuI2sFWXZtIVPi ada@laptop\n", Ct);
        var made = await heroku.RunAsync(folder, [], ["git", "init", "-q"]);
        Assert.True(made.ExitCode == 0, made.ToString());
        return folder;
    }

    /// <summary>In a HOME of its own; whoever is to log in first has no key but the one to type.</summary>
    private Task<Ran> TypedAsync(string script, Dictionary<string, string> env)
    {
        var alone = new Dictionary<string, string>(env) { ["THE_KEY"] = heroku.Sluice.Key };
        if (!script.Contains("logs", StringComparison.Ordinal))
            alone.Remove("HEROKU_API_KEY");
        return heroku.RunAsync(heroku.Sluice.Scratch("typed"), alone, ["bash", "-c", "export HOME=$PWD XDG_DATA_HOME=$PWD XDG_CONFIG_HOME=$PWD XDG_CACHE_HOME=$PWD\n" + script]);
    }

    private static string Text()
    {
        var text = new StringBuilder("""
            # The Heroku CLI, unmodified

            Made by a test that runs each of these lines with version 11 of the Heroku CLI against a server, in a network that has loopback only: so they work, and nothing leaves
            the machine. `eval "$(sluice env)"` points the Heroku CLI at a server; lines marked *companion* need `eval "$(sluice env --companion)"`, see [the command line](cli.md).
            A word in capitals stands for what an earlier line has shown.

            """);
        foreach (var (title, lines) in HerokuCliLines.All)
        {
            text.AppendLine().AppendLine($"## {title}").AppendLine().AppendLine("| `heroku …` | Works | Shows | |").AppendLine("|---|---|---|---|");
            foreach (var line in lines)
            {
                var note = string.Join("; ", new[] { line.Companion ? "*companion*" : "", line.Who is null ? "" : "by " + line.Who, line.Note }.Where(n => n.Length > 0));
                text.AppendLine($"| `{line.Line}` | {(line.Works ? "yes" : "no")} | {line.Shows} | {note} |");
            }
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
