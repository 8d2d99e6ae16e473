using Sluice.Runtime;

namespace Sluice.Roles;

/// <summary>One running process of a role.</summary>
internal sealed class RoleProcess
{
    private const int SigTerm = 15, SigKill = 9;
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(10);
    private readonly TimeProvider clock;

    private RoleProcess(string role, int pid, TimeProvider clock)
    {
        this.clock = clock;
        Role = role;
        Pid = pid;
        StartedAt = clock.GetTimestamp();
        Exit = Spawn.WaitAsync(pid, CancellationToken.None);
    }

    public string Role { get; }
    public int Pid { get; }

    /// <summary>Its exit code; 128 + signal when it was killed.</summary>
    public Task<int> Exit { get; }

    private long StartedAt { get; }

    public TimeSpan Age => clock.GetElapsedTime(StartedAt);

    /// <summary>A debugger holds it.</summary>
    public bool IsTraced
    {
        get
        {
            try
            {
                return File.ReadLines($"/proc/{Pid}/status").Any(line => line.StartsWith("TracerPid:", StringComparison.Ordinal) && !line.EndsWith("\t0", StringComparison.Ordinal));
            }
            catch (IOException)
            {
                return false;   // it has just ended
            }
        }
    }

    public static RoleProcess Start(string role, SpawnSpec spec, TimeProvider clock) => new(role, Spawn.Start(spec), clock);

    /// <summary>True when it said that it is ready, false when it ended or <paramref name="limit"/> passed before.</summary>
    public async Task<bool> ReadyAsync(DataFolder data, TimeSpan limit, CancellationToken ct)
    {
        while (!Exit.IsCompleted && Age < limit)
        {
            if (RoleMark.Read(data, Role) == Pid)
                return true;
            await Task.Delay(Look, clock, ct);
        }
        return false;
    }

    public void Terminate() => Signal(SigTerm);

    /// <summary>SIGTERM, <paramref name="grace"/>, SIGTERM again (it means: now), <paramref name="more"/>, SIGKILL. Returns when it is gone.</summary>
    public async Task StopAsync(TimeSpan grace, TimeSpan more)
    {
        foreach (var (signal, wait) in new[] { (SigTerm, grace), (SigTerm, more), (SigKill, TimeSpan.FromSeconds(10)) })
        {
            Signal(signal);
            await Task.WhenAny(Exit, Task.Delay(wait, clock, CancellationToken.None));
            if (Exit.IsCompleted)
                return;
        }
    }

    private void Signal(int signal)
    {
        if (!Exit.IsCompleted)
            Spawn.Kill(Pid, signal);
    }
}
