using Sluice.Soak;
using Sluice.Wire;

namespace Sluice.Bench;

/// <summary>Hostile requests to the API and in git's protocol, to a whole Sluice: no 500, no role that ends, nothing that stays in memory.</summary>
internal static class FuzzSoak
{
    private const int ApiRequests = 190_000, GitRequests = 10_000, AtOnce = 16;

    public static Task<IReadOnlyList<Row>> ApiAsync(double share, CancellationToken ct) => RunAsync("API", share, async (server, part, seed) =>
    {
        using var fuzz = await ApiFuzz.StartAsync(server.Address, server.Key, await File.ReadAllTextAsync(Path.Combine(Place.Repository, "docs", "api-contract.json"), ct), seed, ct);
        await fuzz.RunAsync((int)(ApiRequests * part), AtOnce, ct);
        return (fuzz.Sent, fuzz.Faults, fuzz.Statuses);
    }, ct);

    public static Task<IReadOnlyList<Row>> GitAsync(double share, CancellationToken ct) => RunAsync("git", share, async (server, part, seed) =>
    {
        await server.Client.PostAsync<CreateAppWire, AppWire>("/apps", new CreateAppWire($"git-fuzz-{seed}"), ct);
        var fuzz = new GitFuzz(server.Address, server.Key, $"git-fuzz-{seed}", seed);
        await fuzz.RunAsync((int)(GitRequests * part), AtOnce, ct);
        return (fuzz.Sent, fuzz.Faults, fuzz.Statuses);
    }, ct);

    private static async Task<IReadOnlyList<Row>> RunAsync(
        string what, double share, Func<BenchServer, double, int, Task<(int Sent, IReadOnlyCollection<string> Faults, IReadOnlyDictionary<int, int> Statuses)>> run, CancellationToken ct)
    {
        await using var server = await BenchServer.StartAsync(ct);
        var warm = await run(server, Math.Min(share, 0.02), 1);   // caches and compiled code fill once
        var (pids, before) = (Pids(server), Mb(server));
        var fuzz = await run(server, share, 2);
        string[] faults = [.. warm.Faults, .. fuzz.Faults];
        foreach (var fault in faults.Take(5))
            Console.Error.WriteLine($"  {fault}");
        Console.Error.WriteLine($"  {fuzz.Sent:#,0} requests; {string.Join(", ", fuzz.Statuses.OrderBy(s => s.Key).Select(s => $"{s.Key}: {s.Value:#,0}"))}");
        return
        [
            Row.AtMost($"{what}, {fuzz.Sent:#,0} hostile requests: 500s, answers to another's request, none at all", faults.Length, 0, ""),
            Row.AtMost("the same, roles that ended", Pids(server).Zip(pids).Count(p => p.First != p.Second), 0, ""),
            Row.AtMost("the same, growth of server, router and agent", Mb(server) - before, 50, "MB"),
        ];
    }

    private static string[] Pids(BenchServer server) => [.. new[] { "server", "router", "agent" }.Select(role => File.ReadAllText(server.Data.PidFile(role)).Trim())];

    private static double Mb(BenchServer server) => Pids(server).Sum(pid => Memory.PrivateMb(int.Parse(pid, System.Globalization.CultureInfo.InvariantCulture)));
}
