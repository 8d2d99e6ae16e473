using System.Collections.Concurrent;

namespace Sluice.Runtime;

/// <summary>
/// One thread that waits for all descriptors there are to wait for: pipes of commands, FIFOs of dynos, ends of processes (pidfds). Without
/// it each would hold a pool thread for as long as it lives.
/// </summary>
internal static class Poller
{
    private const int Add = 1, Remove = 2;
    private const uint In = 1, Out = 4, OneShot = 1u << 30;

    private static readonly ConcurrentDictionary<int, Waiter> Waiting = new();
    private static readonly int Epoll = Start();
    private static uint next;

    public static Task ReadableAsync(int fd, CancellationToken ct) => WaitAsync(fd, In, ct);

    public static Task WritableAsync(int fd, CancellationToken ct) => WaitAsync(fd, Out, ct);

    /// <summary>To call before a descriptor is closed that someone may still wait for: its number may be another file's a moment later.</summary>
    public static void Forget(int fd)
    {
        if (!Waiting.TryRemove(fd, out var waiter))
            return;
        Control(fd, Remove, 0, 0);
        waiter.Ready.TrySetCanceled();
    }

    /// <summary>Done when the descriptor is ready, closed at the other end or broken. One waiter per descriptor; the caller keeps it open meanwhile.</summary>
    private static async Task WaitAsync(int fd, uint events, CancellationToken ct)
    {
        ct.ThrowIfCancellationRequested();
        var waiter = new Waiter(Interlocked.Increment(ref next), new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        if (!Waiting.TryAdd(fd, waiter))
            throw new InvalidOperationException($"Descriptor {fd} is waited for already.");
        try
        {
            Control(fd, Add, events | OneShot, waiter.Number);
            await using (ct.UnsafeRegister(static (state, token) => ((TaskCompletionSource)state!).TrySetCanceled(token), waiter.Ready))
                await waiter.Ready.Task;
        }
        finally
        {
            if (Waiting.TryRemove(new(fd, waiter)))
                Control(fd, Remove, 0, 0);
        }
    }

    private static unsafe void Control(int fd, int operation, uint events, uint number)
    {
        var e = new Libc.EpollEvent { Events = events, Data = ((ulong)number << 32) | (uint)fd };
        var result = Libc.epoll_ctl(Epoll, operation, fd, &e);
        if (operation == Add)
            Libc.Check(result, $"Waiting for descriptor {fd}");
    }

    private static int Start()
    {
        var epoll = Libc.Check(Libc.epoll_create1(Libc.O_CLOEXEC), "epoll_create1");
        new Thread(() => Loop(epoll)) { IsBackground = true, Name = "poller" }.Start();
        return epoll;
    }

    private static unsafe void Loop(int epoll)
    {
        const int Max = 64;
        var events = stackalloc Libc.EpollEvent[Max];
        while (true)
        {
            var count = Libc.epoll_wait(epoll, events, Max, -1);
            for (var i = 0; i < count; i++)
            {
                if (Waiting.TryGetValue((int)(uint)events[i].Data, out var waiter) && waiter.Number == (uint)(events[i].Data >> 32))
                    waiter.Ready.TrySetResult();
            }
        }
    }

    private sealed record Waiter(uint Number, TaskCompletionSource Ready);
}
