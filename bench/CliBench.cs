using System.Diagnostics;
using Sluice.Runtime;
using Sluice.Wire;

namespace Sluice.Bench;

/// <summary><c>sluice pipelines:info</c> against the same command of the Heroku CLI, both asking the same server.</summary>
internal static class CliBench
{
    private const int Rounds = 5;

    public static async Task<IReadOnlyList<Row>> RunAsync(CancellationToken ct)
    {
        await using var server = await BenchServer.StartAsync(ct);
        await server.Client.PostAsync<CreatePipelineWire, PipelineWire>("/pipelines", new CreatePipelineWire("bench"), ct);
        await server.Client.PostAsync<CreateAppWire, AppWire>("/apps", new CreateAppWire("bench-staging"), ct);
        await server.Client.PostAsync<CreateCouplingWire, CouplingWire>("/pipeline-couplings", new CreateCouplingWire("bench-staging", "bench", "staging"), ct);
        var env = await EnvAsync(server, ct);
        var heroku = await HerokuAsync(ct);
        var (script, program, other) = (new List<TimeSpan>(), new List<TimeSpan>(), new List<TimeSpan>());
        for (var i = 0; i <= Rounds; i++)
        {
            var (a, b, c) = (await TimeAsync(Place.Script, env, ct), await TimeAsync(Place.CommandLine, env, ct), await TimeAsync(heroku, env, ct));
            if (i == 0)
                continue;
            script.Add(a);
            program.Add(b);
            other.Add(c);
        }
        return
        [
            Row.Times("./sluice pipelines:info, against the Heroku CLI", script, other, 0.2),
            Row.Times("the same without the script that looks for changed sources", program, other, 0.2),
        ];
    }

    private static async Task<TimeSpan> TimeAsync(string program, IReadOnlyDictionary<string, string> env, CancellationToken ct)
    {
        var start = Stopwatch.GetTimestamp();
        var said = await Shell.TextAsync(env.Aggregate(Place.Ours(program, "pipelines:info", "bench"), (c, e) => c.With(e.Key, e.Value)), ct);
        var took = Stopwatch.GetElapsedTime(start);
        return said.Contains("bench-staging", StringComparison.Ordinal) ? took : throw new IOException($"{program} said: {said}");
    }

    /// <summary>What <c>eval "$(./sluice env)"</c> sets, as a shell reads it.</summary>
    private static async Task<IReadOnlyDictionary<string, string>> EnvAsync(BenchServer server, CancellationToken ct)
    {
        var command = Place.Ours("sh", "-c", "eval \"$(\"$0\" env)\" && env -0", Place.CommandLine).With("SLUICE_DATA", server.Data.Root);
        return (await Shell.TextAsync(command, ct)).Split('\0', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split('=', 2)).ToDictionary(l => l[0], l => l[1]);
    }

    /// <summary>Installed once below <c>out/</c> from the versions that the tests use.</summary>
    private static async Task<string> HerokuAsync(CancellationToken ct)
    {
        var folder = Path.Combine(Place.Repository, "out", "heroku-cli");
        var program = Path.Combine(folder, "node_modules", ".bin", "heroku");
        if (File.Exists(program))
            return program;
        Directory.CreateDirectory(folder);
        foreach (var file in Directory.GetFiles(Path.Combine(Place.Repository, "test", "heroku-cli"), "package*.json"))
            File.Copy(file, Path.Combine(folder, Path.GetFileName(file)), overwrite: true);
        var npm = new Command("npm", "ci", "--no-audit", "--no-fund") { WorkingDirectory = folder };
        foreach (System.Collections.DictionaryEntry ours in Environment.GetEnvironmentVariables())
            npm = npm.With((string)ours.Key, (string)ours.Value!);
        await Shell.TextAsync(npm, ct);
        return program;
    }
}
