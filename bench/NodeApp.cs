using System.Diagnostics;
using Sluice.Runtime;

namespace Sluice.Bench;

/// <summary>The one-file Node app of <c>samples/</c> as a git repository whose text changes with every commit.</summary>
internal sealed class NodeApp : IDisposable
{
    private readonly string folder = Place.NewFolder();
    private int version;

    public static async Task<NodeApp> CreateAsync(CancellationToken ct)
    {
        var app = new NodeApp();
        foreach (var file in Directory.GetFiles(Path.Combine(Place.Repository, "samples", "node")))
            File.Copy(file, Path.Combine(app.folder, Path.GetFileName(file)));
        await app.GitAsync(ct, "init", "--quiet", "--initial-branch=main");
        return app;
    }

    /// <summary>A commit whose app answers the text that is returned.</summary>
    public async Task<string> ChangeAsync(CancellationToken ct)
    {
        var text = $"version {++version} of {Guid.NewGuid():N}";
        var source = Path.Combine(folder, "server.js");
        var lines = await File.ReadAllLinesAsync(source, ct);
        await File.WriteAllLinesAsync(source, lines.Select(l => l.StartsWith("const VERSION", StringComparison.Ordinal) ? $"const VERSION = '{text}';" : l), ct);
        await GitAsync(ct, "add", "--all");
        await GitAsync(ct, "commit", "--quiet", "--message", text);
        return text;
    }

    public Task PushAsync(string to, CancellationToken ct) => GitAsync(ct, "push", "--quiet", to, "main");

    /// <summary>From the start of the bare program to its first answer: what no platform can be faster than.</summary>
    public async Task<TimeSpan> BootAsync(CancellationToken ct)
    {
        var port = Place.FreePort();
        using var http = BenchServer.Loopback(port);
        var start = Stopwatch.GetTimestamp();
        await using var node = new Started((new Command("node", "server.js") { WorkingDirectory = folder }).With("PORT", $"{port}"));
        await node.AnswersAsync(http, new Uri($"http://localhost:{port}/"), ct);
        return Stopwatch.GetElapsedTime(start);
    }

    /// <summary>The same push to a bare repository in a folder: git's own share.</summary>
    public async Task<TimeSpan> PlainPushAsync(CancellationToken ct)
    {
        var bare = Path.Combine(folder, ".git", "elsewhere");
        if (!Directory.Exists(bare))
            await GitAsync(ct, "init", "--quiet", "--bare", bare);
        var start = Stopwatch.GetTimestamp();
        await PushAsync(bare, ct);
        return Stopwatch.GetElapsedTime(start);
    }

    public void Dispose() => Directory.Delete(folder, recursive: true);

    private Task<string> GitAsync(CancellationToken ct, params string[] words) => Shell.TextAsync(
        new Command("git", ["-c", "user.name=bench", "-c", "user.email=bench@localhost", .. words]) { WorkingDirectory = folder }
            .With("HOME", folder).With("GIT_CONFIG_NOSYSTEM", "1").With("GIT_TERMINAL_PROMPT", "0"), ct);
}
