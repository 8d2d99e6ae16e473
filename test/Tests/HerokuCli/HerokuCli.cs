using System.Diagnostics;
using System.Text.Json;
using Sluice.Tests.Acme;
using Sluice.Tests.Api;
using Sluice.Tests.House;

namespace Sluice.Tests.HerokuCli;

/// <summary>
/// The Heroku CLI as people install it, with a HOME of its own, pointed at a Sluice in a network that has loopback only; and a shop that was pushed to
/// staging and stands before production.
/// </summary>
public sealed class HerokuCliWorld : IAsyncLifetime
{
    private static readonly string Folder = Path.Combine(Repository.Root, "test", "heroku-cli");
    private static readonly TimeSpan CommandLimit = TimeSpan.FromSeconds(180);

    /// <summary>Several of these worlds may begin at once, and they share the folders that are installed into.</summary>
    private static readonly SemaphoreSlim Installing = new(1);
    private readonly TestAuthority authority = new(TimeProvider.System, AuthorityPort);
    private readonly string roots = Path.GetTempFileName();
    private string node = "node";

    /// <summary>In a network where nothing else listens but the server, far below the ports that it is given.</summary>
    private const int AuthorityPort = 14000;

    internal RunningSluice Sluice { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        var ct = TestContext.Current.CancellationToken;
        Assert.SkipUnless(IsThere("npm") && IsThere("node"), "npm is needed to install the Heroku CLI.");
        var installing = InstallAsync(ct);
        await File.WriteAllTextAsync(roots, authority.Root.ExportCertificatePem(), ct);
        File.SetUnixFileMode(roots, UnixFileMode.UserRead | UnixFileMode.GroupRead | UnixFileMode.OtherRead);
        Sluice = await RunningSluice.StartAsync(alone: true, ct, "--acme", authority.Directory.AbsoluteUri, "--acme-agree", "--acme-ca", roots);
        await installing;
        await MakeAsync("shop-staging", "shop");
        await AskAsync("PATCH", "/apps/shop-staging/config-vars", new { GREETING = "Staging" });
        await AskAsync("PATCH", "/apps/shop/config-vars", new { GREETING = "Production" });
        await MakePipelineAsync("shop", ("shop-staging", "staging"), ("shop", "production"));
        var pushed = await Sluice.PushAsync("shop-staging", SampleApp.Files, ct);
        Assert.True(pushed.ExitCode == 0, pushed.ToString());
    }

    /// <summary>Runs one command as a person would type it after <c>heroku</c>.</summary>
    internal async Task<Ran> HerokuAsync(params string[] arguments) => await HerokuWithKeyAsync(Sluice.Key, arguments);

    internal Task<Ran> HerokuWithKeyAsync(string key, params string[] arguments) =>
        HerokuInAsync(Sluice.Scratch("elsewhere"), new Dictionary<string, string>(Keyless) { ["HEROKU_API_KEY"] = key }, arguments);

    /// <summary>Runs a bash script in a HOME of its own that knows no key; <c>THE_KEY</c> is one to log in with.</summary>
    internal async Task<string> SucceedWithoutKeyAsync(string script)
    {
        var folder = Sluice.Scratch("keyless");
        var ran = await RunAsync(
            folder,
            new Dictionary<string, string>(Keyless) { ["THE_KEY"] = Sluice.Key },
            ["bash", "-c", "export HOME=$PWD XDG_DATA_HOME=$PWD XDG_CONFIG_HOME=$PWD XDG_CACHE_HOME=$PWD\n" + script]);
        Assert.True(ran.ExitCode == 0, ran.ToString());
        return ran.Said;
    }

    internal Dictionary<string, string> Keyless => new()
    {
        ["HEROKU_HOST"] = Address,
        ["HEROKU_GIT_HOST"] = Sluice.Url.Authority,
        ["HEROKU_PARTICLEBOARD_URL"] = Address,
        ["HEROKU_LOGIN_HOST"] = Address,
        ["HEROKU_BUILDPACK_REGISTRY_URL"] = Address,
        ["DISABLE_TELEMETRY"] = "true",
        ["HEROKU_SKIP_NEW_VERSION_CHECK"] = "1",
        ["HEROKU_DISABLE_AUTOUPDATE"] = "1",
    };

    /// <summary>In a folder, with what a shell would have after <c>eval "$(sluice env)"</c>.</summary>
    internal Task<Ran> HerokuInAsync(string folder, Dictionary<string, string> env, params string[] arguments) =>
        RunAsync(folder, env, [node, Path.Combine(Folder, "node_modules", "heroku", "bin", "run.js"), .. arguments]);

    /// <summary>The server may ask an authority for certificates; until then nobody answers it.</summary>
    internal async Task OpenAuthorityAsync()
    {
        authority.Port80 = Sluice.Url.Port;
        await authority.OpenAsync(Sluice.Network);
    }

    /// <summary>Asks the API by hand, in the network that the Heroku CLI is in: for what is only set up or looked up, a command line would take a hundred times as long.</summary>
    /// <returns>Its answer, which is no refusal.</returns>
    internal async Task<JsonElement> AskAsync(string method, string path, object? body = null, string? key = null)
    {
        var (status, answer) = await AnswerAsync(method, path, body, key);
        Assert.True(status is >= 200 and < 300, $"{method} {path}: {status} {answer}");
        return answer;
    }

    /// <summary>The same for what is refused: the status, and the sentence.</summary>
    internal async Task<(int Status, string Message)> RefusedAsync(string method, string path, object? body = null, string? key = null)
    {
        var (status, answer) = await AnswerAsync(method, path, body, key);
        Assert.True(status >= 400, $"{method} {path}: {status} {answer}");
        return (status, answer.GetProperty("message").GetString()!);
    }

    internal Task MakeAsync(params string[] apps) => Task.WhenAll(apps.Select(app => AskAsync("POST", "/apps", new { name = app })));

    internal async Task MakePipelineAsync(string name, params (string App, string Stage)[] apps)
    {
        var id = (await AskAsync("POST", "/pipelines", new { name })).GetProperty("id").GetString();
        foreach (var (app, stage) in apps)
            await AskAsync("POST", "/pipeline-couplings", new { app, pipeline = id, stage });
    }

    /// <summary>To all that is downstream; how each target ended.</summary>
    internal async Task<string[]> PromoteAsync(string app)
    {
        var path = $"/pipeline-promotions/{(await AskAsync("POST", "/pipeline-promotions", new { source = new { app = new { id = app } } })).GetProperty("id").GetString()}/promotion-targets";
        var ended = Array.Empty<string>();
        await UntilAsync(async () => !(ended = [.. (await AskAsync("GET", path)).EnumerateArray().Select(target => target.GetProperty("status").GetString()!)]).Contains("pending"));
        return ended;
    }

    /// <summary>The newest first.</summary>
    internal async Task<JsonElement[]> ReleasesAsync(string app) =>
        [.. (await AskAsync("GET", $"/apps/{app}/releases")).EnumerateArray().OrderByDescending(release => release.GetProperty("version").GetInt32())];

    /// <summary>Looks five times a second, for a minute at most.</summary>
    internal static async Task UntilAsync(Func<Task<bool>> holds)
    {
        for (var tries = 0; !await holds(); tries++)
        {
            Assert.True(tries < 300, "It did not come to pass.");
            await Task.Delay(200);
        }
    }

    internal async Task<(int Status, JsonElement Answer)> AnswerAsync(string method, string path, object? body = null, string? key = null)
    {
        using var limit = new CancellationTokenSource(CommandLimit);
        var folder = Sluice.Scratch(Path.Combine("asked", Guid.NewGuid().ToString("N")));
        await File.WriteAllTextAsync(Path.Combine(folder, "head"), $"Authorization: Bearer {key ?? Sluice.Key}\nContent-Type: application/json\n", limit.Token);
        await File.WriteAllTextAsync(Path.Combine(folder, "body"), body is null ? "" : JsonSerializer.Serialize(body), limit.Token);
        string[] data = body is null ? [] : ["--data-binary", "@body"];
        var ran = await Sluice.RunAsync(
            ["curl", "--silent", "--show-error", "--request", method, "--header", "@head", .. data, "--write-out", "\n%{http_code}", new Uri(Sluice.Url, path).ToString()], folder, [], limit.Token);
        Assert.True(ran.ExitCode == 0, $"{method} {path}: {ran}");
        var end = ran.Output.LastIndexOf('\n');
        return (int.Parse(ran.Output[(end + 1)..]), JsonSerializer.Deserialize<JsonElement>(end > 0 ? ran.Output[..end] : "null"));
    }

    /// <summary>Any program, with a HOME of its own and <c>heroku</c> on its PATH.</summary>
    internal async Task<Ran> RunAsync(string folder, Dictionary<string, string> env, string[] command)
    {
        using var limit = new CancellationTokenSource(CommandLimit);
        return await Sluice.RunAsync(command, folder, await AtHomeAsync(env, limit.Token), limit.Token);
    }

    /// <summary>A program at a terminal, as a person who has run <c>eval "$(sluice env)"</c> types it.</summary>
    internal async Task<Typist> TypeAsync(params string[] command)
    {
        var env = await AtHomeAsync(WithKey, CancellationToken.None);
        return Typist.Start(Sluice.InNetwork(command), new Dictionary<string, string>(env) { ["TERM"] = "xterm" }, Sluice.Scratch("elsewhere"));
    }

    /// <summary>What <c>sluice env</c> sets.</summary>
    internal Dictionary<string, string> WithKey => new(Keyless) { ["HEROKU_API_KEY"] = Sluice.Key, ["NODE_EXTRA_CA_CERTS"] = Sluice.Data.CertificateAuthority };

    private async Task<Dictionary<string, string>> AtHomeAsync(Dictionary<string, string> env, CancellationToken ct)
    {
        var (home, bin) = (Sluice.Scratch("home"), Sluice.Scratch("bin"));
        var heroku = Path.Combine(bin, "heroku");
        if (!File.Exists(heroku))
        {
            var fresh = Path.Combine(bin, Guid.NewGuid().ToString("N"));
            await File.WriteAllTextAsync(fresh, $"#!/bin/sh\nexec '{node}' '{Path.Combine(Folder, "node_modules", "heroku", "bin", "run.js")}' \"$@\"\n", ct);
            File.SetUnixFileMode(fresh, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            File.Move(fresh, heroku, overwrite: true);
        }
        return new Dictionary<string, string>(env)
        {
            ["HOME"] = home, ["XDG_DATA_HOME"] = home, ["XDG_CONFIG_HOME"] = home, ["XDG_CACHE_HOME"] = home,
            ["PATH"] = $"{bin}:{Environment.GetEnvironmentVariable("PATH")}",
            ["NO_COLOR"] = "1",
        };
    }

    internal async Task<string> SucceedAsync(params string[] arguments)
    {
        var ran = await HerokuAsync(arguments);
        Assert.True(ran.ExitCode == 0, $"heroku {string.Join(' ', arguments)}: {ran}");
        return ran.Said;
    }

    public async ValueTask DisposeAsync()
    {
        if (Sluice is not null)
            await Sluice.DisposeAsync();
        await authority.DisposeAsync();
        File.Delete(roots);
    }

    private string Address => Sluice.Url.GetLeftPart(UriPartial.Authority);

    /// <summary>On first use, and when the lock file changed; the folder is kept.</summary>
    private async Task InstallAsync(CancellationToken ct)
    {
        await InstallAsync(Folder, ct);
        if (await NodeVersionAsync(ct) >= 20)
            return;
        await InstallAsync(Path.Combine(Folder, "node"), ct);
        node = Directory.EnumerateFiles(Path.Combine(Folder, "node", "node_modules"), "node", SearchOption.AllDirectories)
            .First(file => file.EndsWith("bin/node", StringComparison.Ordinal));
    }

    internal static async Task InstallAsync(string folder, CancellationToken ct)
    {
        await Installing.WaitAsync(ct);
        try
        {
            await InstallAloneAsync(folder, ct);
        }
        finally
        {
            Installing.Release();
        }
    }

    private static async Task InstallAloneAsync(string folder, CancellationToken ct)
    {
        var (stamp, wanted) = (Path.Combine(folder, "node_modules", ".installed"), await File.ReadAllTextAsync(Path.Combine(folder, "package-lock.json"), ct));
        if (File.Exists(stamp) && await File.ReadAllTextAsync(stamp, ct) == wanted)
            return;
        using var npm = Process.Start(new ProcessStartInfo("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]) { WorkingDirectory = folder })!;
        await npm.WaitForExitAsync(ct);
        Assert.True(npm.ExitCode == 0, $"npm ci in {folder} failed.");
        await File.WriteAllTextAsync(stamp, wanted, ct);
    }

    private static async Task<int> NodeVersionAsync(CancellationToken ct)
    {
        using var process = Process.Start(new ProcessStartInfo("node", ["--version"]) { RedirectStandardOutput = true, UseShellExecute = false })!;
        var version = await process.StandardOutput.ReadToEndAsync(ct);
        return int.Parse(version.Trim().TrimStart('v').Split('.')[0]);
    }

    private static bool IsThere(string program) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Any(folder => File.Exists(Path.Combine(folder, program)));
}
