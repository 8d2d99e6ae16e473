using Sluice.Soak;

namespace Sluice.Bench;

/// <summary>10,000 heads that come a byte at a time and 1,000 answers that nobody reads, of one app, while others ask another.</summary>
internal static class SlowSoak
{
    private const string Host = "bench.localhost";
    private const int Heads = 10_000, Readers = 1_000, PerSecond = 200;

    public static async Task<IReadOnlyList<Row>> RunAsync(double share, CancellationToken ct)
    {
        var (heads, readers, each) = ((int)(Heads * share), (int)(Readers * share), TimeSpan.FromSeconds(Math.Max(15, 60 * share)));
        await using var dyno = new EchoDyno();
        await using var slow = await SlowCrowd.StartAsync(heads, readers);
        await using var router = await LoneRouter.StartAsync([(Host, dyno.Port), (SlowCrowd.Host, slow.AppPort)], ct);
        await using (var warm = new SteadyLoad(router.Port, Host, PerSecond))
            await Task.Delay(TimeSpan.FromSeconds(10), ct);
        await using var alone = new SteadyLoad(router.Port, Host, PerSecond);
        await Task.Delay(each, ct);
        await alone.StopAsync();
        var before = Memory.PrivateMb(router.Pid);
        await slow.ComeAsync(router.Port);
        while ((await slow.CountAsync()).Open < (heads + readers) * 0.9)
            await Task.Delay(100, ct);
        await using var beside = new SteadyLoad(router.Port, Host, PerSecond);
        var most = 0.0;
        for (var i = 0; i < 10; i++)
        {
            await Task.Delay(each / 10, ct);
            most = Math.Max(most, Memory.PrivateMb(router.Pid));
        }
        await beside.StopAsync();
        foreach (var note in beside.Notes.Take(5))
            Console.Error.WriteLine($"  {note}");
        var crowd = await slow.CountAsync();
        Console.Error.WriteLine($"  {crowd.Open:#,0} open at the end, {crowd.Cut:#,0} were cut, {crowd.Refused:#,0} not let in");
        return
        [
            Row.AtMost($"others beside {heads:#,0} slow heads and {readers:#,0} slow readers: requests that failed", beside.Failed + beside.Held, 0, $"of {beside.Sent:#,0}"),
            Row.Tails("the same, p99, against alone", beside.Times, alone.Times, 2),
            Row.AtMost("the same, growth of the router's memory", most - before, 250, "MB"),
        ];
    }
}
