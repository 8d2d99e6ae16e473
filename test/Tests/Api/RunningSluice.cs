using System.Diagnostics;
using System.Text;
using Microsoft.Data.Sqlite;
using Sluice.Tests.House;
using Sluice.Wire;

namespace Sluice.Tests.Api;

/// <summary>What a program said, and how it ended.</summary>
internal sealed record Ran(int ExitCode, string Output, string Errors)
{
    /// <summary>Both, with every run of white space as one blank: programs that wrap their lines say the same on every terminal.</summary>
    public string Said { get; } = string.Join(' ', (Output + " " + Errors.Replace('›', ' ')).Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));

    public override string ToString() => $"exit {ExitCode}\n{Output}\n{Errors}";
}

/// <summary>
/// The real thing: <c>sluice up</c> on a free port and an empty folder, stopped at the end. When asked (and root) it runs in a network namespace of its
/// own that has loopback only, and so does what is run beside it: nothing can leave.
/// </summary>
internal sealed class RunningSluice : IAsyncDisposable
{
    private static readonly TimeSpan ReadyWithin = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan StoppedWithin = TimeSpan.FromSeconds(40);
    private readonly DirectoryInfo folder;
    private readonly Process up;
    private readonly StringBuilder log = new();

    private RunningSluice(DirectoryInfo folder, Process up, bool isAlone)
    {
        this.folder = folder;
        this.up = up;
        IsAlone = isAlone;
        Data = new DataFolder(Path.Combine(folder.FullName, "data"));
        up.OutputDataReceived += (_, e) => Note(e.Data);
        up.ErrorDataReceived += (_, e) => Note(e.Data);
        up.BeginOutputReadLine();
        up.BeginErrorReadLine();
    }

    public DataFolder Data { get; }

    /// <summary>What it said so far.</summary>
    public string Said
    {
        get
        {
            lock (log)
                return log.ToString();
        }
    }

    public bool IsAlone { get; }
    public Uri Url { get; private set; } = null!;
    public string Key { get; private set; } = "";

    /// <summary>Scratch space that goes away with it.</summary>
    public string Scratch(string name) => Directory.CreateDirectory(Path.Combine(folder.FullName, name)).FullName;

    public static async Task<RunningSluice> StartAsync(bool alone, CancellationToken ct, params string[] flags)
    {
        alone &= Environment.IsPrivilegedProcess;
        var folder = Directory.CreateTempSubdirectory("sluice-test-");
        folder.UnixFileMode |= UnixFileMode.GroupRead | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherExecute;
        string[] command = [Built.Server, "up", "--port", "0", "--data", Path.Combine(folder.FullName, "data"), .. flags];
        if (alone)
            command = ["unshare", "--net", "sh", "-c", "ip link set lo up && exec \"$@\"", "sh", .. command];
        var sluice = new RunningSluice(folder, Process.Start(Start(command, folder.FullName, []))!, alone);
        await sluice.ReadyAsync(ct);
        return sluice;
    }

    /// <summary>A client with the first account's key. Only where the network is shared.</summary>
    public SluiceClient Client() => new(Url, Key);

    /// <summary>Runs a program in the server's network.</summary>
    public async Task<Ran> RunAsync(string[] command, string folder, Dictionary<string, string> env, CancellationToken ct)
    {
        using var process = Process.Start(Start(InNetwork(command), folder, env))!;
        process.StandardInput.Close();
        var (output, errors) = (process.StandardOutput.ReadToEndAsync(ct), process.StandardError.ReadToEndAsync(ct));
        try
        {
            await process.WaitForExitAsync(ct);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw;
        }

        return new Ran(process.ExitCode, await output, await errors);
    }

    /// <summary>The file of its network namespace; null: it is in ours.</summary>
    public string? Network => IsAlone ? $"/proc/{up.Id}/ns/net" : null;

    /// <summary>The same program as a command line that runs it in the server's network.</summary>
    public string[] InNetwork(string[] command) => IsAlone ? ["nsenter", $"--net={Network}", "--", .. command] : command;

    /// <summary>Commits these files and pushes them to an app. The key travels in a header that only this git knows.</summary>
    public Task<Ran> PushAsync(string app, Dictionary<string, string> files, CancellationToken ct) => PushAsync(app, files, "Change " + Guid.NewGuid(), key: null, ct);

    /// <summary>The same with a message of one's own, and maybe somebody else's key.</summary>
    public async Task<Ran> PushAsync(string app, Dictionary<string, string> files, string message, string? key, CancellationToken ct)
    {
        var source = Scratch("source-" + app);
        foreach (var (name, text) in files)
        {
            Directory.CreateDirectory(Path.GetDirectoryName(Path.Combine(source, name))!);
            await File.WriteAllTextAsync(Path.Combine(source, name), text, ct);
        }
        var basic = Convert.ToBase64String(Encoding.UTF8.GetBytes("tests:" + (key ?? Key)));
        var env = new Dictionary<string, string>
        {
            ["GIT_CONFIG_COUNT"] = "3",
            ["GIT_CONFIG_KEY_0"] = "http.extraHeader", ["GIT_CONFIG_VALUE_0"] = "Authorization: Basic " + basic,
            ["GIT_CONFIG_KEY_1"] = "user.name", ["GIT_CONFIG_VALUE_1"] = "Tests",
            ["GIT_CONFIG_KEY_2"] = "user.email", ["GIT_CONFIG_VALUE_2"] = "tests@localhost",
            ["GIT_CONFIG_NOSYSTEM"] = "1", ["GIT_CONFIG_GLOBAL"] = "/dev/null", ["GIT_TERMINAL_PROMPT"] = "0", ["HOME"] = folder.FullName,
        };
        await GitAsync("init", "--quiet", "--initial-branch=main");
        await GitAsync("add", "--all");
        await GitAsync("commit", "--quiet", "--allow-empty", "--message", message);
        return await RunAsync(["git", "push", "--quiet", new Uri(Url, app + ".git").ToString(), "main"], source, env, ct);

        async Task GitAsync(params string[] arguments)
        {
            var ran = await RunAsync(["git", .. arguments], source, env, ct);
            Assert.True(ran.ExitCode == 0, ran.ToString());
        }
    }

    /// <summary>As if an app's quota of releases had let a slug go, which takes a day.</summary>
    public async Task ForgetSlugAsync(Guid slug, CancellationToken ct)
    {
        await using var records = new SqliteConnection($"Data Source={Data.Database};Default Timeout=30;Pooling=False");
        await records.OpenAsync(ct);
        await using var command = records.CreateCommand();
        command.CommandText = "UPDATE slugs SET digest = NULL, collected_at = updated_at WHERE id = $slug";
        command.Parameters.AddWithValue("$slug", slug.ToString());
        Assert.Equal(1, await command.ExecuteNonQueryAsync(ct));
    }

    public async ValueTask DisposeAsync()
    {
        using (var kill = Process.Start("kill", ["-TERM", $"{up.Id}"]))
            await kill.WaitForExitAsync();
        using var limit = new CancellationTokenSource(StoppedWithin);
        try
        {
            await up.WaitForExitAsync(limit.Token);
        }
        catch (OperationCanceledException e)
        {
            up.Kill(entireProcessTree: true);
            throw new TimeoutException($"sluice up did not stop.\n{log}", e);
        }

        folder.Delete(recursive: true);
    }

    private async Task ReadyAsync(CancellationToken ct)
    {
        var deadline = Stopwatch.StartNew();
        while (!File.Exists(Data.Address) || await HealthAsync(ct) != 0)
        {
            if (up.HasExited || deadline.Elapsed > ReadyWithin)
                throw new InvalidOperationException($"sluice up is not ready.\n{log}");
            await Task.Delay(100, ct);
        }

        Key = (await File.ReadAllTextAsync(Data.AdminKey, ct)).Trim();
    }

    private async Task<int> HealthAsync(CancellationToken ct)
    {
        Url = new Uri((await File.ReadAllTextAsync(Data.Address, ct)).Trim());
        return (await RunAsync(["curl", "--silent", "--fail", "--output", "/dev/null", new Uri(Url, "/healthz").ToString()], "/", [], ct)).ExitCode;
    }

    private static ProcessStartInfo Start(string[] command, string folder, Dictionary<string, string> env)
    {
        var start = new ProcessStartInfo(command[0], command[1..])
        {
            WorkingDirectory = folder, RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false,
        };
        foreach (var name in new[] { "SLUICE_DATA", "SLUICE_PORT", "SLUICE_URL", "SLUICE_KEY", "http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY" })
            start.Environment.Remove(name);
        foreach (var (name, value) in env)
            start.Environment[name] = value;
        return start;
    }

    private void Note(string? line)
    {
        lock (log)
            log.AppendLine(line);
    }
}

/// <summary>An app that says what it is told, with every kind of process.</summary>
internal static class SampleApp
{
    public static Dictionary<string, string> Files => new()
    {
        ["Procfile"] = "web: perl server.pl\nworker: while true; do echo working; sleep 1; done\nrelease: echo \"migrating for $GREETING\"; test \"$GREETING\" != broken\n",
        ["server.pl"] = Repository.Read("samples/procfile/server.pl"),
    };
}
