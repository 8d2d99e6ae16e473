using System.Runtime.InteropServices;

namespace Sluice.Roles;

/// <summary>
/// What a role does with signals: SIGTERM ends it; the terminal's (Ctrl-C, hang-up) reach the whole group but are the supervisor's to answer.
/// </summary>
internal sealed class RoleSignals
{
    // Registrations that nothing refers to are collected, and the default handler then stops the process at once.
    private static readonly List<PosixSignalRegistration> Kept = [];
    private readonly TaskCompletionSource first = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource second = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CancellationTokenSource terminated = new();

    public RoleSignals()
    {
        lock (Kept)
        {
            foreach (var signal in new[] { PosixSignal.SIGINT, PosixSignal.SIGHUP, PosixSignal.SIGQUIT })
                Kept.Add(PosixSignalRegistration.Create(signal, context => context.Cancel = true));
            Kept.Add(PosixSignalRegistration.Create(PosixSignal.SIGTERM, context =>
            {
                context.Cancel = true;
                if (!first.TrySetResult())
                    second.TrySetResult();
                terminated.Cancel();
            }));
        }
    }

    public Task Terminated => first.Task;

    /// <summary>A second SIGTERM: stop now, whatever still runs.</summary>
    public Task Hurried => second.Task;

    public CancellationToken Token => terminated.Token;


}
