using System.Diagnostics;
using Sluice.Roles;
using Sluice.Runtime;
using Sluice.Wire;

namespace Sluice.Soak;

/// <summary>
/// The three roles, restarted one after the other while people look at an app; every other time a server or an agent is killed instead. A router is never killed here:
/// that costs what is in flight. After each the app has its dynos, each once.
/// </summary>
internal sealed class Restarts(DataFolder data, Uri address, SluiceClient client, string app, int sandboxes)
{
    private const int SigKill = 9;
    private static readonly string[] Roles = ["server", "agent", "router"];
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60), Look = TimeSpan.FromMilliseconds(50);

    /// <summary>What was not as it must be, a sentence each.</summary>
    public List<string> Faults { get; } = [];

    public int Done { get; private set; }

    /// <param name="rounds">Of one restart of each role.</param>
    public async Task RunAsync(int rounds, CancellationToken ct)
    {
        var before = await DynosAsync(ct);
        for (var round = 0; round < rounds; round++)
        {
            foreach (var role in Roles)
            {
                await RestartAsync(role, isKilled: round % 2 == 1 && role != "router", ct);
                await WholeAsync(role, before, ct);
                Done++;
            }
        }
    }

    private async Task RestartAsync(string role, bool isKilled, CancellationToken ct)
    {
        var pid = PidOf(role);
        if (isKilled)
            Spawn.Kill(pid, SigKill);
        else if (await RestartRequests.AskAsync(data, role) is { } refusal)
            Faults.Add($"restart {Done + 1}, of the {role}: {refusal}");
        await UntilAsync($"restart {Done + 1}: another {role}", () => Task.FromResult(PidOf(role) is > 0 and var next && next != pid), ct);
        using var http = new HttpClient { Timeout = TimeSpan.FromSeconds(10) };
        await UntilAsync($"restart {Done + 1}, of the {role}: healthy again", async () =>
        {
            using var answer = await http.GetAsync(new Uri(address, "/healthz"), ct);
            return answer.IsSuccessStatusCode;
        }, ct);
    }

    /// <summary>The same dynos as before, none twice, and no sandbox that belongs to nobody.</summary>
    private Task WholeAsync(string role, string before, CancellationToken ct) => UntilAsync(
        $"restart {Done + 1}, of the {role}: dynos {before} and {sandboxes} sandboxes",
        async () => await DynosAsync(ct) == before
            && Directory.GetDirectories(data.Sandboxes).Count(d => Guid.TryParseExact(Path.GetFileName(d), "N", out _)) == sandboxes, ct);

    private async Task<string> DynosAsync(CancellationToken ct) =>
        string.Join(", ", (await client.ListAsync<DynoWire>($"/apps/{app}/dynos", ct)).Select(d => $"{d.Name} {d.Id} {d.State}").Order(StringComparer.Ordinal));

    private int PidOf(string role)
    {
        try
        {
            return int.TryParse(File.ReadAllText(data.PidFile(role)), out var pid) ? pid : 0;
        }
        catch (IOException)
        {
            return 0;   // on its way back
        }
    }

    private async Task UntilAsync(string what, Func<Task<bool>> holds, CancellationToken ct)
    {
        for (var start = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(start) < Patience; await Task.Delay(Look, ct))
        {
            try
            {
                if (await holds())
                    return;
            }
            catch (Exception e) when (e is HttpRequestException or SluiceException or OperationCanceledException && !ct.IsCancellationRequested)
            {
                // On its way back.
            }
        }
        Faults.Add($"{what}: not within {Patience.TotalSeconds} s");
    }
}
