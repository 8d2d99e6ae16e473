using Sluice.Dynos;

namespace Sluice.Tests.Dynos;

public sealed class BackoffTests
{
    [Theory, InlineData(0), InlineData(0.5), InlineData(1)]
    public void The_first_three_restarts_come_within_ten_seconds(double jitter) =>
        Assert.InRange(Enumerable.Range(1, 3).Sum(n => Backoff.Delay(n, jitter).TotalSeconds), 0, 10);

    [Fact]
    public void Later_ones_wait_twice_as_long_each_time() =>
        Assert.Equal([20, 40, 80, 160, 320, 640], Enumerable.Range(4, 6).Select(n => Backoff.Delay(n, 0.5).TotalSeconds));

    [Theory, InlineData(0), InlineData(1)]
    public void None_waits_longer_than_twenty_minutes(double jitter) =>
        Assert.All(Enumerable.Range(1, 1000), n => Assert.InRange(Backoff.Delay(n, jitter), TimeSpan.FromSeconds(0.5), TimeSpan.FromMinutes(20)));

    [Fact]
    public void Apps_that_crashed_together_come_back_apart() => Assert.True(Backoff.Delay(5, 0.9) > Backoff.Delay(5, 0.1));
}
