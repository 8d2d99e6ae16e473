using System.Runtime.CompilerServices;
using Sluice.Logs;

namespace Sluice.Tests.Logs;

/// <summary>Leaving what one follows.</summary>
public sealed class FollowingTests
{
    private bool hasEnded;

    [Fact]
    public async Task It_is_left_while_the_next_is_waited_for_and_the_source_has_ended_then()
    {
        await using (var numbers = new Following<int>(NumbersAsync(TestContext.Current.CancellationToken), TestContext.Current.CancellationToken))
        {
            Assert.True(await numbers.Next);
            Assert.Equal(1, numbers.Take());
            Assert.False(numbers.Next.IsCompleted);
        }
        Assert.True(hasEnded);
    }

    /// <summary>One, and then it waits; who cancels that waits a moment for its end.</summary>
    private async IAsyncEnumerable<int> NumbersAsync([EnumeratorCancellation] CancellationToken ct)
    {
        yield return 1;
        try
        {
            await Task.Delay(Timeout.Infinite, ct);
        }
        finally
        {
            await Task.Delay(50, CancellationToken.None);
            hasEnded = true;
        }
    }
}
