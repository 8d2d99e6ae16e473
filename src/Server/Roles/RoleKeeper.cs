using Sluice.Runtime;

namespace Sluice.Roles;

/// <summary>
/// Keeps one role running: starts it again when it dies, first at once and then with growing pauses, and replaces it on request. Everything that changes
/// which process is the current one happens under one gate.
/// </summary>
internal sealed class RoleKeeper(string role, Func<SpawnSpec> spec, DataFolder data, Action<string> say, TimeProvider clock)
{
    private static readonly TimeSpan ReadyWithin = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan Healthy = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(5);

    private readonly SemaphoreSlim gate = new(1);
    private readonly List<RoleProcess> leaving = [];
    private RoleProcess? current;
    private int failures;

    public string Role => role;

    /// <summary>Starts it and keeps it until <paramref name="ct"/>; ends with the exit code when the role says <see cref="RoleExit.Refused"/>.</summary>
    public async Task<int> KeepAsync(CancellationToken ct)
    {
        await LockedAsync(() => { Start(); return Task.CompletedTask; }, ct);
        while (true)
        {
            var watched = current!;
            var code = await watched.Exit.WaitAsync(ct);
            if (code == RoleExit.Refused)
                return code;
            await LockedAsync(() => watched == current ? AgainAsync(watched, code, ct) : Task.CompletedTask, ct);
        }
    }

    /// <summary>A router is replaced by one that is ready before the old one drains; others stop first, since two of them would do the same work.
    /// False when the new one did not get ready.</summary>
    public Task<bool> ReplaceAsync(CancellationToken ct) => LockedAsync(async () =>
    {
        var old = current!;
        if (role != Launch.Router)
            await old.StopAsync(TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(5));
        var fresh = RoleProcess.Start(role, spec(), clock);
        var ready = await fresh.ReadyAsync(data, ReadyWithin, ct);
        if (!ready && role == Launch.Router)
        {
            await fresh.StopAsync(TimeSpan.Zero, TimeSpan.Zero);
            return false;
        }
        current = fresh;
        if (role == Launch.Router)
        {
            leaving.RemoveAll(p => p.Exit.IsCompleted);
            leaving.Add(old);
            old.Terminate();
        }
        return ready;
    }, ct);

    public async Task<bool> ReadyAsync(CancellationToken ct)
    {
        while (current is null || current.Exit.IsCompleted || RoleMark.Read(data, role) != current.Pid)
            await Task.Delay(10, ct);
        return true;
    }

    /// <summary>Ends it for good, and what still drains.</summary>
    public async Task StopAsync(TimeSpan grace, TimeSpan more)
    {
        await gate.WaitAsync();
        await Task.WhenAll(leaving.Append(current).OfType<RoleProcess>().Select(p => p.StopAsync(grace, more)));
        File.Delete(data.PidFile(role));
    }

    private async Task AgainAsync(RoleProcess dead, int code, CancellationToken ct)
    {
        if (role == Launch.Router)
            File.Delete(data.RouterSocket(dead.Pid));
        failures = dead.Age > Healthy ? 0 : failures + 1;
        say($"The {role} ended {(code > 128 ? $"by signal {code - 128}" : $"with code {code}")}; starting it again.");
        if (failures > 1)
            await Task.Delay(Pause(failures), clock, ct);
        Start();
    }

    private static TimeSpan Pause(int failures) => TimeSpan.FromMilliseconds(Math.Min(LongestPause.TotalMilliseconds, 100 * Math.Pow(2, failures - 2)));

    private void Start() => current = RoleProcess.Start(role, spec(), clock);

    private Task LockedAsync(Func<Task> work, CancellationToken ct) => LockedAsync(async () => { await work(); return true; }, ct);

    private async Task<T> LockedAsync<T>(Func<Task<T>> work, CancellationToken ct)
    {
        await gate.WaitAsync(ct);
        try
        {
            return await work();
        }
        finally
        {
            gate.Release();
        }
    }
}

/// <summary>Exit codes that the supervisor understands.</summary>
internal static class RoleExit
{
    /// <summary>The role will not run here and has said why (EX_CONFIG of sysexits.h): starting it again would not help.</summary>
    public const int Refused = 78;
}
