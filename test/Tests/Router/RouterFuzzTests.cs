using Sluice.Router;
using Sluice.Soak;

namespace Sluice.Tests.Router;

/// <summary>A short form of <c>./sluice bench --soak fuzz</c>: the same requests, by a fixed seed, only fewer.</summary>
public sealed class RouterFuzzTests
{
    [Fact]
    public async Task Hostile_requests_are_refused_or_reframed_and_every_answer_belongs_to_its_request()
    {
        await using var dyno = new EchoDyno();
        await using var router = await RouterUnderTest.StartAsync();
        await router.RouteAsync(new Target(DynoId.New(), "web.1", "127.0.0.1", dyno.Port));
        var fuzz = new RouterFuzz(router.Port, "shop.localhost", seed: 4);
        await fuzz.RunAsync(4_000, 16, TestContext.Current.CancellationToken);
        Assert.True(fuzz.Faults.Count == 0, string.Join("\n\n", fuzz.Faults));
        Assert.Empty(dyno.Faults);
        Assert.True(fuzz.Good > 0 && dyno.Requests > 100, $"{fuzz.Good} good requests, {dyno.Requests} reached the dyno; {string.Join(", ", fuzz.Statuses)}");
        TestContext.Current.TestOutputHelper?.WriteLine($"{fuzz.Sent} sent, {fuzz.Good} good beside, {dyno.Requests} reached the dyno; {string.Join(", ", fuzz.Statuses.OrderBy(s => s.Key))}");
    }
}
