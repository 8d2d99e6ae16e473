using System.Collections.Concurrent;

namespace Sluice.Builds;

/// <summary>
/// One at a time per app, for builds and for pushes: in order within this process, and by a lock on a file of DIR/run between
/// processes. A turn ends with its process, however that ends.
/// </summary>
public sealed class Turns(DataFolder data, TimeProvider clock)
{
    private static readonly TimeSpan LookAgain = TimeSpan.FromMilliseconds(200);
    private readonly ConcurrentDictionary<string, SemaphoreSlim> queues = new(StringComparer.Ordinal);

    /// <summary>Waits for the turn; <paramref name="waiting"/> is called once if that is not at once. Dispose to pass it on.</summary>
    /// <param name="what">build or push</param>
    public async Task<IDisposable> TakeAsync(string what, AppId app, Func<ValueTask> waiting, CancellationToken ct)
    {
        var name = $"{what}-{app}";
        var queue = queues.GetOrAdd(name, _ => new SemaphoreSlim(1));
        var told = false;
        if (!queue.Wait(0, CancellationToken.None))
        {
            told = true;
            await waiting();
            await queue.WaitAsync(ct);
        }
        try
        {
            while (true)
            {
                if (Lock(name) is { } file)
                    return new Turn(file, queue);
                if (!told)
                    await waiting();
                told = true;
                await Task.Delay(LookAgain, clock, ct);
            }
        }
        catch
        {
            queue.Release();
            throw;
        }
    }

    // .NET takes flock(2) for FileShare.None; the kernel lets it go when the process ends.
    private FileStream? Lock(string name)
    {
        var folder = Path.Combine(data.Run, "turns");
        Directory.CreateDirectory(folder);
        try
        {
            return new FileStream(Path.Combine(folder, name), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, 0);
        }
        catch (IOException e) when (e is not (FileNotFoundException or DirectoryNotFoundException or PathTooLongException))
        {
            return null;
        }
    }

    private sealed class Turn(FileStream file, SemaphoreSlim queue) : IDisposable
    {
        private int over;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref over, 1) != 0)
                return;
            file.Dispose();
            queue.Release();
        }
    }
}
