namespace Sluice.Jobs;

/// <summary>Tells any number of waiters that something changed. Take <see cref="Next"/> first, then look, then wait: what happens between is not missed.</summary>
public sealed class Pulse
{
    private TaskCompletionSource next = New();

    /// <summary>Completes at the next <see cref="Beat"/>.</summary>
    public Task Next => Volatile.Read(ref next).Task;

    public void Beat() => Interlocked.Exchange(ref next, New()).TrySetResult();

    /// <summary>Waits for <paramref name="signal"/>, at most so long: another process may have changed it.</summary>
    public static async Task WaitAsync(Task signal, TimeSpan atMost, TimeProvider clock, CancellationToken ct)
    {
        try
        {
            await signal.WaitAsync(atMost, clock, ct);
        }
        catch (TimeoutException)
        {
            // Look anyway.
        }
    }

    private static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
