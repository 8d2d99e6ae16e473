using Sluice.Soak;
using Sluice.Wire;

namespace Sluice.Bench;

/// <summary>A shop with a staging and a production app, two releases that can be told apart, and people who look at it all the time.</summary>
internal sealed class ShopSoak : IAsyncDisposable
{
    private const int PerSecond = 500, EveryPromotions = 100, EveryDeploys = 20, EveryRestarts = 50;
    private const string Staging = "shop-staging", Shop = "shop";

    private readonly BenchServer server;
    private readonly NodeApp app;
    private readonly List<string> texts = [];

    private ShopSoak(BenchServer server, NodeApp app) => (this.server, this.app) = (server, app);

    public static async Task<IReadOnlyList<Row>> PromotionsAsync(double share, CancellationToken ct)
    {
        await using var shop = await OpenAsync(ct);
        await using var load = shop.Load(Shop, shop.texts[0]);
        var promotions = new Promotions(shop.server.Client, load, Staging, Shop, (3, shop.texts[1]), (2, shop.texts[0]));
        await promotions.RunAsync(Part(EveryPromotions, share), ct);
        return await RowsAsync($"{promotions.Done} promotions", load, promotions.Faults);
    }

    public static async Task<IReadOnlyList<Row>> DeploysAsync(double share, CancellationToken ct)
    {
        await using var shop = await OpenAsync(ct);
        await using var load = shop.Load(Staging, shop.texts[^1]);
        var count = Part(EveryDeploys, share);
        for (var i = 0; i < count; i++)
        {
            var text = await shop.app.ChangeAsync(ct);
            load.Expect(shop.texts[^1], text);
            await shop.PushAsync(ct);
            load.Expect(text);
            shop.texts.Add(text);
        }
        return await RowsAsync($"{count} deploys", load, []);
    }

    public static async Task<IReadOnlyList<Row>> RestartsAsync(double share, CancellationToken ct)
    {
        await using var shop = await OpenAsync(ct);
        await using var load = shop.Load(Shop, shop.texts[0]);
        var restarts = new Restarts(shop.server.Data, shop.server.Address, shop.server.Client, Shop, sandboxes: 2);
        await restarts.RunAsync(Part(EveryRestarts, share), ct);
        return await RowsAsync($"{restarts.Done} restarts of server, agent and router", load, restarts.Faults);
    }

    /// <summary>Alone first, then beside the five.</summary>
    public static async Task<IReadOnlyList<Row>> NeighboursAsync(double share, CancellationToken ct)
    {
        const int PerSecond = 200;
        var each = TimeSpan.FromSeconds(Math.Max(10, 120 * share));
        await using var shop = await OpenAsync(ct);
        var (port, host) = (shop.server.Address.Port, $"{Shop}.localhost");
        await using (var warm = new SteadyLoad(port, host, PerSecond, shop.texts[0]))
            await Task.Delay(TimeSpan.FromSeconds(10), ct);
        await using var alone = new SteadyLoad(port, host, PerSecond, shop.texts[0]);
        await Task.Delay(each, ct);
        await alone.StopAsync();
        await HostileApps.StartAsync(shop.server.Client, ct);
        await Task.Delay(TimeSpan.FromSeconds(5), ct);
        await using var beside = new SteadyLoad(port, host, PerSecond, shop.texts[0]);
        await Task.Delay(each, ct);
        await beside.StopAsync();
        await HostileApps.StopAsync(shop.server.Client, ct);
        foreach (var note in beside.Notes.Take(5))
            Console.Error.WriteLine(note);
        return
        [
            Row.Tails($"{PerSecond} requests/s beside five hostile apps, p99, against alone", beside.Times, alone.Times, 2),
            Row.AtMost("the same, requests that failed", beside.Failed + beside.Wrong + beside.Held, 0, $"of {beside.Sent:#,0}"),
        ];
    }

    public async ValueTask DisposeAsync()
    {
        app.Dispose();
        await server.DisposeAsync();
    }

    private static int Part(int of, double share) => Math.Max(1, (int)(of * share));

    private static async Task<IReadOnlyList<Row>> RowsAsync(string what, SteadyLoad load, IReadOnlyCollection<string> faults)
    {
        await load.StopAsync();
        foreach (var note in load.Notes.Concat(faults).Take(10))
            Console.Error.WriteLine($"  {note}");
        Console.Error.WriteLine($"  {what}: {load.Sent:#,0} requests, median {Row.Median(load.Times).TotalMilliseconds:0.0} ms");
        return
        [
            Row.AtMost($"{what} at {PerSecond} requests/s: requests that failed, or were not sent", load.Failed + load.Held, 0, $"of {load.Sent:#,0}"),
            Row.AtMost("the same, answers of a release that no longer, or not yet, runs", load.Wrong, 0, ""),
            Row.AtMost("the same, what was not as it must be: outcomes, dynos lost or twice", faults.Count, 0, ""),
        ];
    }

    private static async Task<ShopSoak> OpenAsync(CancellationToken ct)
    {
        var shop = new ShopSoak(await BenchServer.StartAsync(ct), await NodeApp.CreateAsync(ct));
        var client = shop.server.Client;
        await client.PostAsync<CreatePipelineWire, PipelineWire>("/pipelines", new CreatePipelineWire(Shop), ct);
        foreach (var (name, stage) in new[] { (Staging, "staging"), (Shop, "production") })
        {
            await client.PostAsync<CreateAppWire, AppWire>("/apps", new CreateAppWire(name), ct);
            await client.PostAsync<CreateCouplingWire, CouplingWire>("/pipeline-couplings", new CreateCouplingWire(name, Shop, stage), ct);
        }
        for (var i = 0; i < 2; i++)
        {
            shop.texts.Add(await shop.app.ChangeAsync(ct));
            await shop.PushAsync(ct);
        }
        await using var nobody = new SteadyLoad(shop.server.Address.Port, $"{Staging}.localhost", 1, shop.texts[1]);
        await new Promotions(client, nobody, Staging, Shop, (2, shop.texts[0])).RunAsync(1, ct);
        return shop;
    }

    private SteadyLoad Load(string name, string text) => new(server.Address.Port, $"{name}.localhost", PerSecond, text);

    private Task PushAsync(CancellationToken ct) => app.PushAsync($"http://bench:{server.Key}@localhost:{server.Address.Port}/{Staging}.git", ct);
}
