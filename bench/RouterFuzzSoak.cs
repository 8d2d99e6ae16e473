using Sluice.Soak;

namespace Sluice.Bench;

/// <summary>Hostile requests without end to one router process: nothing may be answered by somebody else's answer, nothing may stay in memory.</summary>
internal static class RouterFuzzSoak
{
    private const string Host = "bench.localhost";
    private const int Requests = 800_000, AtOnce = 48, WarmUp = 20_000;

    public static async Task<IReadOnlyList<Row>> RunAsync(double share, CancellationToken ct)
    {
        await using var dyno = new EchoDyno();
        await using var router = await LoneRouter.StartAsync(Host, dyno.Port, ct);
        var warm = new RouterFuzz(router.Port, Host, seed: 1);
        await warm.RunAsync((int)Math.Min(WarmUp, Requests * share), AtOnce, ct);   // pools and compiled code fill once
        var before = Memory.PrivateMb(router.Pid);
        var fuzz = new RouterFuzz(router.Port, Host, seed: 2);
        await fuzz.RunAsync((int)(Requests * share), AtOnce, ct);
        var growth = Memory.PrivateMb(router.Pid) - before;
        string[] faults = [.. warm.Faults, .. fuzz.Faults, .. dyno.Faults];
        foreach (var fault in faults.Take(5))
            Console.Error.WriteLine(fault);
        var statuses = string.Join(", ", fuzz.Statuses.OrderBy(s => s.Key).Select(s => $"{s.Key}: {s.Value:#,0}"));
        Console.Error.WriteLine($"  {fuzz.Sent:#,0} hostile and {fuzz.Good:#,0} good requests, {dyno.Requests:#,0} reached the dyno; {statuses}");
        return
        [
            Row.AtMost($"router, {fuzz.Sent:#,0} hostile requests: 500s, answers to another's request, malformed requests to the dyno", faults.Length, 0, ""),
            Row.AtMost("the same, growth of the router's memory", growth, 50, "MB"),
        ];
    }
}
