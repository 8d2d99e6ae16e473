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

    /// <summary>For a router that was replaced: above <see cref="Sluice.Router.RouterLimits.Drain"/> and the 30 s that its own end may take after it.</summary>
    private static readonly TimeSpan Drained = TimeSpan.FromSeconds(75);

    /// <summary>For one that did not answer for long: a last chance.</summary>
    private static readonly TimeSpan HungGrace = TimeSpan.FromSeconds(3);

    private readonly SemaphoreSlim gate = new(1);

    /// <summary>Routers that drain, or are not ready yet.</summary>
    private readonly List<RoleProcess> beside = [];
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

    /// <summary>The process that has to answer now; null while there is none that is ready, and while one is replaced or stopped.</summary>
    public RoleProcess? Ready => gate.CurrentCount > 0 && current is { Exit.IsCompleted: false } now && RoleMark.Read(data, role) == now.Pid ? now : null;

    public string NotReady => $"The new {role} did not get ready; its own lines in the log of up say why.";

    /// <summary>A router is replaced by one that is ready before the old one drains; others stop first, since two of them would do the same work.
    /// False when the new one did not get ready.</summary>
    public Task<bool> ReplaceAsync(CancellationToken ct) => LockedAsync(
        () => role == Launch.Router ? HandOverAsync(null, ct) : SucceedAsync(TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(5), ct), ct);

    /// <summary>The same for one that does not answer, if it is still the current one. It is killed soon, unless <paramref name="answer"/> comes after all.</summary>
    public Task<bool> ReplaceHungAsync(RoleProcess hung, Task answer, CancellationToken ct) => LockedAsync(
        () => hung != current ? Task.FromResult(true) : role == Launch.Router ? HandOverAsync(answer, ct) : SucceedAsync(HungGrace, TimeSpan.Zero, ct), ct);

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
        await Task.WhenAll(beside.Append(current).OfType<RoleProcess>().Select(p => p.StopAsync(grace, more)));
        File.Delete(data.PidFile(role));
    }

    private async Task<bool> SucceedAsync(TimeSpan grace, TimeSpan more, CancellationToken ct)
    {
        await current!.StopAsync(grace, more);
        Start();
        return await current.ReadyAsync(data, ReadyWithin, ct);
    }

    private async Task<bool> HandOverAsync(Task? answer, CancellationToken ct)
    {
        beside.RemoveAll(p => p.Exit.IsCompleted);
        var (old, fresh) = (current!, RoleProcess.Start(role, spec(), clock));
        beside.Add(fresh);
        if (!await fresh.ReadyAsync(data, ReadyWithin, ct))
        {
            await fresh.StopAsync(TimeSpan.Zero, TimeSpan.Zero);
            return false;
        }
        beside.Remove(fresh);
        beside.Add(old);
        current = fresh;
        _ = LeaveAsync(old, answer);
        return true;
    }

    /// <summary>Not waited for: a drain may last. One that hangs is killed: visitors wait on connections that it took, and the server for its word on every table.</summary>
    private async Task LeaveAsync(RoleProcess old, Task? answer)
    {
        if (answer is not null)
            await Task.WhenAny(answer, old.Exit, Task.Delay(HungGrace, clock, CancellationToken.None));
        if (answer is null or { IsCompletedSuccessfully: true })
            await old.StopAsync(Drained, TimeSpan.FromSeconds(5));
        else
            await old.StopAsync(TimeSpan.Zero, TimeSpan.Zero);
        if (File.Exists(data.RouterSocket(old.Pid)))
            File.Delete(data.RouterSocket(old.Pid));
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
