using Sluice.Soak;
using Sluice.Tests.House;
using Sluice.Wire;

namespace Sluice.Tests.Api;

/// <summary>A short form of <c>./sluice bench --soak fuzz-api</c> and <c>fuzz-git</c>: the same nonsense, by a fixed seed, only less of it.</summary>
public sealed class ApiFuzzTests(ApiFuzzTests.World world) : IClassFixture<ApiFuzzTests.World>
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Nonsense_to_every_route_of_the_API_is_refused_in_words_and_never_a_500()
    {
        using var fuzz = await ApiFuzz.StartAsync(world.Sluice.Url, world.Sluice.Key, Repository.Read("docs/api-contract.json"), seed: 4, Ct);
        await fuzz.RunAsync(2_000, 8, Ct);
        Assert.True(fuzz.Faults.Count == 0, Shown(fuzz.Faults));
        Assert.True(fuzz.Statuses.GetValueOrDefault(200) > 50, Told(fuzz.Statuses));
        TestContext.Current.TestOutputHelper?.WriteLine(Told(fuzz.Statuses));
    }

    [Fact]
    public async Task Framing_that_nobody_should_send_to_the_API_is_no_500_either()
    {
        var fuzz = new RouterFuzz(world.Sluice.Url.Port, $"localhost:{world.Sluice.Url.Port}", seed: 4) { IsBesideGoodOnes = false };
        await fuzz.RunAsync(1_000, 8, Ct);
        Assert.True(fuzz.Faults.Count == 0, Shown(fuzz.Faults));
        TestContext.Current.TestOutputHelper?.WriteLine(Told(fuzz.Statuses));
    }

    [Fact]
    public async Task Broken_packs_and_packet_lines_are_no_500_and_move_no_ref()
    {
        using var client = world.Sluice.Client();
        await client.PostAsync<CreateAppWire, AppWire>("/apps", new CreateAppWire("git-fuzz"), Ct);
        var fuzz = new GitFuzz(world.Sluice.Url, world.Sluice.Key, "git-fuzz", seed: 4);
        await fuzz.RunAsync(120, 4, Ct);
        Assert.True(fuzz.Faults.Count == 0, Shown(fuzz.Faults));
        Assert.True(fuzz.Statuses.GetValueOrDefault(200) > 10, Told(fuzz.Statuses));
        TestContext.Current.TestOutputHelper?.WriteLine(Told(fuzz.Statuses));
    }

    private string Shown(IEnumerable<string> faults) => $"{string.Join("\n\n", faults)}\n{world.Sluice.Said[^Math.Min(world.Sluice.Said.Length, 10_000)..]}";

    private static string Told(IReadOnlyDictionary<int, int> statuses) => string.Join(", ", statuses.OrderBy(s => s.Key));

    public sealed class World : IAsyncLifetime
    {
        internal RunningSluice Sluice { get; private set; } = null!;

        public async ValueTask InitializeAsync() => Sluice = await RunningSluice.StartAsync(alone: false, TestContext.Current.CancellationToken);

        public async ValueTask DisposeAsync() => await Sluice.DisposeAsync();
    }
}
