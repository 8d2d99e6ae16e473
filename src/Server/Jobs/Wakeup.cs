using System.Threading.Channels;

namespace Sluice.Jobs;

/// <summary>
/// Says that there may be work. Any number of nudges before the worker looks are one; a nudge may be lost with the process, so the worker
/// also looks on a timer: a channel wakes, the table decides.
/// </summary>
public sealed class Wakeup
{
    private readonly Channel<bool> nudges = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    public void Nudge() => nudges.Writer.TryWrite(true);

    /// <summary>Returns at the next nudge, or after <paramref name="atMost"/> without one.</summary>
    public async Task WaitAsync(TimeSpan atMost, TimeProvider clock, CancellationToken ct)
    {
        using var enough = new CancellationTokenSource(atMost, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(enough.Token, ct);
        try
        {
            await nudges.Reader.ReadAsync(either.Token);
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            // Nobody nudged: look anyway.
        }
    }
}
