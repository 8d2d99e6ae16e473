using System.Diagnostics;
using Sluice.Tests.Cli;
using Sluice.Tests.House;
using Sluice.Tests.Roles;
using Sluice.Tests.Storage;

namespace Sluice.Tests.EndToEnd;

/// <summary>Someone with a real server, the sample shop in a git folder, and the command line.</summary>
internal sealed class Shopkeeper : IAsyncDisposable
{
    private readonly RunningSluice sluice;
    private readonly HttpClient visitor = new() { Timeout = TimeSpan.FromSeconds(20) };

    private Shopkeeper(RunningSluice sluice)
    {
        this.sluice = sluice;
        Typed = new Typed
        {
            Variables =
            {
                ["SLUICE_DATA"] = sluice.Data.Root,
                ["SLUICE_COMMAND"] = Built.Cli,
            },
        };
    }

    public Typed Typed { get; }
    public RunningSluice Sluice => sluice;
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public static async Task<Shopkeeper> OpenAsync(TempFolder? folder = null, params string[] flags)
    {
        Assert.SkipUnless(File.Exists("/usr/bin/bwrap"), "Needs bubblewrap, in which apps run.");
        Assert.SkipUnless(File.Exists("/usr/bin/node"), "Needs Node.js, in which the sample is written.");
        var keeper = new Shopkeeper(await RunningSluice.StartInAsync(folder ?? new TempFolder(), flags));
        foreach (var file in Directory.EnumerateFiles(Path.Combine(Repository.Root, "samples/node")))
        {
            File.Copy(file, Path.Combine(keeper.Typed.Work, Path.GetFileName(file)));
        }

        await keeper.GitAsync("init", "-q", "-b", "main");
        await keeper.CommitAsync("A shop");
        return keeper;
    }

    /// <summary>Types a command that must work, and answers what it said on standard output.</summary>
    public async Task<string> TypeAsync(string line)
    {
        var code = await Typed.Run(line);
        Assert.True(code == 0, $"{line} exited {code}: {Typed.Out}{Typed.Error}\n{sluice.Said}");
        return Typed.Out;
    }

    public async Task CommitAsync(string subject)
    {
        await GitAsync("add", "--all");
        await GitAsync("-c", "user.name=Demo", "-c", "user.email=demo@localhost", "commit", "-q", "-m", subject);
    }

    public Task EditAsync(string file, Func<string, string> change)
    {
        var path = Path.Combine(Typed.Work, file);
        return File.WriteAllTextAsync(path, change(File.ReadAllText(path)), Ct);
    }

    /// <summary>git in the shop's folder, with nobody's settings but the folder's; answers its exit code and all that it said.</summary>
    public async Task<(int Code, string Said)> GitAsync(params string[] arguments)
    {
        using var git = Process.Start(new ProcessStartInfo("git", arguments)
        {
            WorkingDirectory = Typed.Work,
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            Environment =
            {
                ["SLUICE_DATA"] = sluice.Data.Root,
                ["GIT_CONFIG_GLOBAL"] = "/dev/null",
                ["GIT_CONFIG_NOSYSTEM"] = "1",
                ["GIT_TERMINAL_PROMPT"] = "0",
            },
        })!;
        var said = await Task.WhenAll(git.StandardOutput.ReadToEndAsync(Ct), git.StandardError.ReadToEndAsync(Ct));
        await git.WaitForExitAsync(Ct);
        return (git.ExitCode, string.Concat(said));
    }

    public async Task<string> PushAsync(string remote)
    {
        var (code, said) = await GitAsync("push", remote, "main");
        Assert.True(code == 0, $"git push exited {code}: {said}\n{sluice.Said}");
        return said;
    }

    /// <summary>What a visitor of the app sees; null when it is not an answer of the app.</summary>
    public async Task<string?> VisitAsync(string app)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"http://127.0.0.1:{sluice.Address.Port}/") { Headers = { Host = $"{app}.localhost:{sluice.Address.Port}" } };
        using var answer = await visitor.SendAsync(request, Ct);
        return answer.IsSuccessStatusCode ? await answer.Content.ReadAsStringAsync(Ct) : null;
    }

    /// <summary><c>SHA256:…</c> of the slug that the app runs.</summary>
    public async Task<string> DigestAsync(string app) =>
        (await TypeAsync($"releases:info -a {app}")).Split('\n').Single(l => l.StartsWith("Slug:", StringComparison.Ordinal))["Slug:".Length..].Trim();

    public async ValueTask DisposeAsync()
    {
        visitor.Dispose();
        await sluice.DisposeAsync();
        Typed.Dispose();
    }
}
