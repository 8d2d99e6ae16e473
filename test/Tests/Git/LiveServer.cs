using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Sluice.Tests.Storage;

namespace Sluice.Tests.Git;

/// <summary>The product itself, as <c>sluice up</c> starts it, on a fresh folder and a free port; shared by the tests of a class.</summary>
public class LiveServer : IAsyncLifetime
{
    private readonly TempFolder folder = new();
    private readonly StringBuilder log = new();
    private Process? up;
    private HttpClient http = null!;

    /// <summary>More of <c>sluice up</c>'s flags.</summary>
    protected virtual string[] Flags => [];

    public DataFolder Data { get; private set; } = null!;
    public Uri Url { get; private set; } = null!;
    public string Key { get; private set; } = "";

    internal static CancellationToken Ct => TestContext.Current.CancellationToken;

    internal static void NeedRoot() => Builds.BuildGround.NeedRoot();

    public async ValueTask InitializeAsync()
    {
        if (Environment.UserName != "root")
            return;
        File.SetUnixFileMode(folder.Path, (UnixFileMode)0b111_101_101);
        Data = new DataFolder(folder.At("data"));
        await UpAsync();
        Key = (await File.ReadAllTextAsync(Data.AdminKey)).Trim();
        http = new HttpClient { BaseAddress = Url };
        http.DefaultRequestHeaders.Authorization = new("Bearer", Key);
        http.DefaultRequestHeaders.Accept.ParseAdd("application/vnd.heroku+json; version=3");
    }

    /// <summary>Starts it on the folder as it is, and waits until it is ready.</summary>
    private async Task UpAsync()
    {
        var start = new ProcessStartInfo(Path.Combine(AppContext.BaseDirectory, "sluice"), ["up", "--data", Data.Root, "--port", "0", .. Flags])
        {
            UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = "/",
        };
        up = Process.Start(start)!;
        up.OutputDataReceived += (_, line) => Note(line.Data);
        up.ErrorDataReceived += (_, line) => Note(line.Data);
        up.BeginOutputReadLine();
        up.BeginErrorReadLine();
        using var probe = new HttpClient();
        for (var tries = 0; tries < 600; tries++)
        {
            if (File.Exists(Data.Address))
            {
                Url = new Uri((await File.ReadAllTextAsync(Data.Address)).Trim());
                try
                {
                    if ((await probe.GetAsync(new Uri(Url, "/healthz"))).StatusCode == HttpStatusCode.OK)
                        return;
                }
                catch (HttpRequestException)
                {
                    // Not yet.
                }
            }
            Assert.False(up.HasExited, Log);
            await Task.Delay(100);
        }
        throw new TimeoutException("The server was not ready within 60 s: " + Log);
    }

    public string Log
    {
        get
        {
            lock (log)
                return log.ToString();
        }
    }

    private void Note(string? line)
    {
        lock (log)
            log.AppendLine(line);
    }

    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        if (up is not null)
        {
            Repo.Run("/", "kill", "-TERM", $"{up.Id}");
            using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
            await up.WaitForExitAsync(limit.Token);
            up.Dispose();
            http.Dispose();
        }
        for (var tries = 0; Directory.Exists(folder.Path); tries++)
        {
            try
            {
                folder.Dispose();
            }
            catch (IOException) when (tries < 50)
            {
                await Task.Delay(100);
            }
        }
    }

    /// <summary>A new app; its name is also that of its remote.</summary>
    public async Task<string> AppAsync()
    {
        var name = $"a{Guid.NewGuid():N}"[..20];
        using var answer = await http.PostAsJsonAsync("/apps", new { name }, Ct);
        Assert.Equal(HttpStatusCode.Created, answer.StatusCode);
        return name;
    }

    /// <summary>With the first account's key.</summary>
    internal HttpClient Http => http;

    public async Task<JsonElement> GetAsync(string path) => await http.GetFromJsonAsync<JsonElement>(path, Ct);

    public async Task SetAsync(string app, string name, string value)
    {
        using var answer = await http.PatchAsJsonAsync($"/apps/{app}/config-vars", new Dictionary<string, string> { [name] = value }, Ct);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
    }

    /// <summary>What a visitor of the app sees.</summary>
    public async Task<string> VisitAsync(string app)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(Url, "/")) { Headers = { Host = $"{app}.localhost:{Url.Port}" } };
        using var visitor = new HttpClient();
        using var answer = await visitor.SendAsync(request, Ct);
        return await answer.Content.ReadAsStringAsync(Ct);
    }

    public string Remote(string app, string? key = null) => $"http://anyone:{key ?? Key}@localhost:{Url.Port}/{app}.git";

    /// <summary>The bare repository of an app.</summary>
    public async Task<string> RepositoryAsync(string app) => Data.Repository(new AppId((await GetAsync($"/apps/{app}")).GetProperty("id").GetGuid()));

    public async Task<(string Status, string? Reason)[]> BuildsAsync(string app) =>
        [.. (await GetAsync($"/apps/{app}/builds")).EnumerateArray().Select(b => (b.GetProperty("status").GetString()!, (string?)null))];
}

/// <summary>A developer's working copy.</summary>
internal sealed class Repo : IDisposable
{
    private readonly TempFolder folder = new();

    public Repo(params (string Name, string Content)[] files)
    {
        Git("init", "-q", "-b", "main");
        if (files.Length > 0)
            Commit("First version", files);
    }

    public string Path => folder.Path;

    public string Head => Git("rev-parse", "HEAD");

    public static Repo OfSample(string name)
    {
        var repo = new Repo();
        Run("/", "cp", "-r", Builds.BuildGround.Sample(name) + "/.", repo.Path);
        repo.Git("add", ".");
        repo.Git("commit", "-qm", "First version");
        return repo;
    }

    public void Commit(string message, params (string Name, string Content)[] files)
    {
        foreach (var (name, content) in files)
        {
            var path = folder.At(name.TrimEnd('!'));
            Directory.CreateDirectory(System.IO.Path.GetDirectoryName(path)!);
            File.WriteAllText(path, content);
            if (name.EndsWith('!'))
                File.SetUnixFileMode(path, (UnixFileMode)0b111_101_101);
        }
        Git("add", "-A");
        Git("commit", "-q", "--allow-empty", "-m", message);
    }

    /// <summary>Pushes; the exit code and all that git showed, its padding taken off.</summary>
    public async Task<(int Code, string Said)> PushAsync(string remote, params string[] what)
    {
        using var process = Process.Start(Start(Path, "git", ["push", remote, .. what.Length == 0 ? ["main"] : what]))!;
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(LiveServer.Ct);
        limit.CancelAfter(TimeSpan.FromSeconds(90));
        await using var _ = limit.Token.Register(() => process.Kill(entireProcessTree: true));
        var error = process.StandardError.ReadToEndAsync(CancellationToken.None);
        var output = await process.StandardOutput.ReadToEndAsync(CancellationToken.None);
        await process.WaitForExitAsync(CancellationToken.None);
        return (process.ExitCode, string.Join('\n', (output + await error).Split('\n').Select(l => l.TrimEnd())));
    }

    public string Git(params string[] arguments) => Run(Path, "git", arguments);

    public static ProcessStartInfo Start(string folder, string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { WorkingDirectory = folder, UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var (name, value) in new[]
                 {
                     ("GIT_CONFIG_NOSYSTEM", "1"), ("GIT_CONFIG_GLOBAL", "/dev/null"), ("GIT_TERMINAL_PROMPT", "0"), ("GIT_AUTHOR_NAME", "Ada"), ("GIT_AUTHOR_EMAIL", "ada@example.com"),
                     ("GIT_COMMITTER_NAME", "Ada"), ("GIT_COMMITTER_EMAIL", "ada@example.com"),
                 })
            start.Environment[name] = value;
        return start;
    }

    public static string Run(string folder, string program, params string[] arguments)
    {
        using var process = Process.Start(Start(folder, program, arguments))!;
        var error = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, $"{program} {string.Join(' ', arguments)}: {error.GetAwaiter().GetResult()}");
        return output.Trim();
    }

    public void Dispose() => folder.Dispose();
}
