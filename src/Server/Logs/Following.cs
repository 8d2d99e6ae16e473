namespace Sluice.Logs;

/// <summary>
/// What somebody follows, with the next of it always waited for. It may be left at any moment: the wait ends first, since an iterator that still runs cannot be
/// put away.
/// </summary>
/// <typeparam name="T">A line, or a piece of output.</typeparam>
internal sealed class Following<T> : IAsyncDisposable
{
    private readonly CancellationTokenSource leaving;
    private readonly IAsyncEnumerator<T> source;

    public Following(IAsyncEnumerable<T> all, CancellationToken ct)
    {
        leaving = CancellationTokenSource.CreateLinkedTokenSource(ct);
        source = all.GetAsyncEnumerator(leaving.Token);
        Next = source.MoveNextAsync().AsTask();
    }

    /// <summary>True when <see cref="Take"/> has something; false at the end.</summary>
    public Task<bool> Next { get; private set; }

    /// <summary>What has come; the wait for the next begins. Only after <see cref="Next"/> was true.</summary>
    public T Take()
    {
        var taken = source.Current;
        Next = source.MoveNextAsync().AsTask();
        return taken;
    }

    public async ValueTask DisposeAsync()
    {
        await leaving.CancelAsync();
        await ((Task)Next).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await source.DisposeAsync();
        leaving.Dispose();
    }
}
