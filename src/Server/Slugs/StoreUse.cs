namespace Sluice.Slugs;

/// <summary>
/// Who uses the store right now. A collection starts a new epoch and waits for those of the old one: whoever comes later marks what it uses.
/// </summary>
internal sealed class StoreUse
{
    private readonly Lock gate = new();
    private Epoch current = new();

    private sealed class Epoch
    {
        public int Users;
        public TaskCompletionSource? Left;
    }

    /// <summary>Dispose it when done.</summary>
    public IDisposable Enter()
    {
        lock (gate)
        {
            current.Users++;
            return new Visit(this, current);
        }
    }

    /// <summary>Ends when everyone who entered before is gone. <paramref name="begin"/> runs at the border between the two.</summary>
    public async Task NextEpochAsync(Action begin, CancellationToken ct)
    {
        Task left;
        lock (gate)
        {
            begin();
            var old = current;
            current = new();
            if (old.Users == 0)
                return;
            old.Left = new(TaskCreationOptions.RunContinuationsAsynchronously);
            left = old.Left.Task;
        }
        await left.WaitAsync(ct);
    }

    private void Leave(Epoch epoch)
    {
        lock (gate)
        {
            if (--epoch.Users == 0)
                epoch.Left?.SetResult();
        }
    }

    private sealed class Visit(StoreUse use, Epoch epoch) : IDisposable
    {
        private bool left;

        public void Dispose()
        {
            if (!left)
                use.Leave(epoch);
            left = true;
        }
    }
}
