using Sluice.Accounts;

namespace Sluice.Tests.Accounts;

public sealed class SignInThrottleTests
{
    private readonly Hands clock = new();

    [Fact]
    public void Ten_wrong_keys_for_one_address_from_one_place_make_that_place_wait_five_minutes()
    {
        var throttle = new SignInThrottle(clock);
        for (var i = 0; i < 9; i++)
            throttle.Wrong("ada@example.com", "192.0.2.1");
        Assert.Null(throttle.WaitOf("ada@example.com", "192.0.2.1"));
        throttle.Wrong("Ada@example.com ", "192.0.2.1");
        Assert.Equal(TimeSpan.FromMinutes(5), throttle.WaitOf("ada@example.com", "192.0.2.1"));
        Assert.Null(throttle.WaitOf("ada@example.com", "192.0.2.2"));   // the owner of the address is elsewhere, and comes in
        Assert.Null(throttle.WaitOf("bob@example.com", "192.0.2.1"));
        clock.Now += TimeSpan.FromMinutes(6);
        Assert.Null(throttle.WaitOf("ada@example.com", "192.0.2.1"));
    }

    [Fact]
    public void Who_tries_many_addresses_waits_for_all()
    {
        var throttle = new SignInThrottle(clock);
        for (var i = 0; i < 50; i++)
            throttle.Wrong($"guess{i}@example.com", "192.0.2.1");
        Assert.NotNull(throttle.WaitOf("another@example.com", "192.0.2.1"));
    }

    private sealed class Hands : TimeProvider
    {
        public DateTimeOffset Now { get; set; } = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => Now.Ticks;
    }
}
