using Microsoft.Extensions.Logging.Abstractions;
using Sluice.Dashboard.Live;

namespace Sluice.Tests.Dashboard;

public sealed class HappeningsTests
{
    [Fact]
    public async Task A_wake_after_a_wait_that_was_given_up_is_not_lost()
    {
        using var watcher = new Happenings(db: null!, fleet: null!, pushes: null!, TimeProvider.System, NullLogger<Happenings>.Instance).Watch();
        Assert.False(await watcher.NextAsync(TimeSpan.FromMilliseconds(1), TimeProvider.System, TestContext.Current.CancellationToken));
        watcher.Wake();
        Assert.True(await watcher.NextAsync(TimeSpan.FromSeconds(30), TimeProvider.System, TestContext.Current.CancellationToken));
    }
}
