using System.Diagnostics;
using System.Globalization;

namespace Sluice.Bench;

/// <summary>A fresh Sluice: how soon it is healthy, and what its four processes hold together when nothing happens; beside a bare ASP.NET proxy.</summary>
internal static class IdleBench
{
    private const int Rounds = 3;
    private static readonly TimeSpan Rest = TimeSpan.FromSeconds(5);

    public static async Task<IReadOnlyList<Row>> RunAsync(CancellationToken ct)
    {
        var (starts, bareStarts) = (new List<TimeSpan>(), new List<TimeSpan>());
        var (memory, bareMemory) = (new List<double>(), new List<double>());
        for (var i = 0; i < Rounds; i++)
        {
            await using (var server = await BenchServer.StartAsync(ct))
            {
                starts.Add(server.StartTook);
                await Task.Delay(Rest, ct);
                memory.Add(new[] { "up", "server", "router", "agent" }.Sum(role => Megabytes(File.ReadAllText(server.Data.PidFile(role)).Trim())));
            }
            await using var bare = await BareProxy.StartAsync($"http://127.0.0.1:{Place.FreePort()}/", ct);
            bareStarts.Add(bare.StartTook);
            await Task.Delay(Rest, ct);
            bareMemory.Add(Megabytes($"{bare.Pid}"));
        }
        return
        [
            Row.Within("up on an empty folder → healthy, against the start of a bare YARP", starts, bareStarts, TimeSpan.FromSeconds(2)),
            Row.Within("supervisor and three roles idle (PSS), against one bare YARP", memory.Order().ElementAt(Rounds / 2), bareMemory.Order().ElementAt(Rounds / 2), 200, "MB"),
        ];
    }

    private static double Megabytes(string pid) =>
        double.Parse(File.ReadLines($"/proc/{pid}/smaps_rollup").First(l => l.StartsWith("Pss:", StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) / 1024;
}
