using System.Collections.Concurrent;

namespace Sluice.Runtime;

/// <summary>The one thread that all processes are started from: it never ends, and it alone may step into another network namespace for the time of a start.</summary>
internal sealed class SpawnThread
{
    private const int NetworkNamespace = 0x40000000;
    private readonly BlockingCollection<Action> work = [];

    public SpawnThread() => new Thread(Loop) { IsBackground = true, Name = "spawn" }.Start();

    /// <summary>Runs it there and waits for it; a start takes about a millisecond.</summary>
    public T Run<T>(Func<T> start)
    {
        var done = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        work.Add(() =>
        {
            try
            {
                done.SetResult(start());
            }
            catch (Exception e)
            {
                done.SetException(e);
            }
        });
        return done.Task.GetAwaiter().GetResult();
    }

    public T RunIn<T>(string networkNamespace, Func<T> start) => Run(() =>
    {
        var home = Open("/proc/thread-self/ns/net");
        var there = Open(networkNamespace);
        try
        {
            Libc.Check(Libc.setns(there, NetworkNamespace), "Entering a dyno's network namespace");
            try
            {
                return start();
            }
            finally
            {
                // A thread left in a dyno's network would start the next process there: better no agent than that.
                if (Libc.setns(home, NetworkNamespace) < 0)
                    Environment.FailFast("The spawn thread could not return from a dyno's network namespace.");
            }
        }
        finally
        {
            Libc.close(there);
            Libc.close(home);
        }
    });

    private static int Open(string path) => Libc.Check(Libc.open(path, Libc.O_RDONLY | Libc.O_CLOEXEC, 0), $"Opening {path}");

    private void Loop()
    {
        foreach (var start in work.GetConsumingEnumerable())
            start();
    }
}
