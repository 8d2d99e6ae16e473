namespace Sluice.Runtime;

/// <summary>A one-off command that runs with somebody at its other end: what it reads, and how it is ended.</summary>
internal sealed class RunningOneOff(LiveSandbox sandbox, PipeStream? typed, Task ended, TimeProvider clock)
{
    private readonly SemaphoreSlim one = new(1);
    private bool isClosed;

    /// <summary>Returns when all of it was taken. What comes after the end of input, or when the program reads no more, is dropped.</summary>
    public async Task TypeAsync(ReadOnlyMemory<byte> bytes, bool isEnd, CancellationToken ct)
    {
        await one.WaitAsync(ct);
        try
        {
            if (typed is null || isClosed)
                return;
            await typed.WriteAsync(bytes, ct);
            if (isEnd)
                await CloseAsync(typed);
        }
        catch (IOException)
        {
            await CloseAsync(typed!);
        }
        catch (Exception e) when (e is ObjectDisposedException || (e is OperationCanceledException && !ct.IsCancellationRequested))
        {
            isClosed = true;   // it has ended
        }
        finally
        {
            one.Release();
        }
    }

    /// <summary>Asks all inside to end, and ends them when they did not in time. Returns when nothing is left of it.</summary>
    public async Task StopAsync(TimeSpan grace, CancellationToken ct)
    {
        // A shell at a terminal ignores SIGTERM, but ends when its terminal goes.
        sandbox.Terminate(hangUp: true);
        await Task.WhenAny(ended, Task.Delay(grace, clock, ct));
        ct.ThrowIfCancellationRequested();
        if (!ended.IsCompleted)
            await sandbox.KillAsync();
        await ended.WaitAsync(ct);
    }

    private async Task CloseAsync(PipeStream stream)
    {
        isClosed = true;
        await stream.DisposeAsync();
    }
}
