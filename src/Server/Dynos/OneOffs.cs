using System.Collections.Immutable;
using System.Security.Cryptography;
using Sluice.Apps;
using Sluice.Logs;
using Sluice.Runtime;

namespace Sluice.Dynos;

/// <summary>
/// Dynos that people start by hand. One with somebody at its other end runs as long as they stay, and dies with this server or the agent; a detached one
/// prints into the app's log and outlives both. No one-off is ever started twice: what is lost is lost, and says so.
/// </summary>
public sealed class OneOffs(IRuntime runtime, AppLogs logs, TimeProvider clock)
{
    /// <summary>As Heroku's.</summary>
    public static readonly TimeSpan Longest = TimeSpan.FromHours(24);

    /// <summary>How long one waits for its caller to come.</summary>
    internal static readonly TimeSpan WaitForCaller = TimeSpan.FromMinutes(1);

    internal static readonly TimeSpan Grace = TimeSpan.FromSeconds(10);

    private readonly Lock gate = new();

    // Touched under the gate.
    private readonly Dictionary<DynoId, DynoStatus> known = [];
    private readonly Dictionary<DynoId, Attached> waiting = [];

    /// <summary>Starts one that nobody watches; returns when it runs.</summary>
    /// <exception cref="RefusedException">The app has too many.</exception>
    public async Task<DynoStatus> StartAsync(OneOffPlan plan, CancellationToken ct)
    {
        var reserved = Reserve(plan);
        try
        {
            var status = await runtime.StartAsync(plan.Start(reserved.Id, reserved.Name), ct);
            Confirm(status);
            return status;
        }
        catch
        {
            Lost(reserved.Id);
            throw;
        }
    }

    /// <summary>Makes one that starts when its caller comes for it with <see cref="Take"/>; forgotten when nobody does in time.</summary>
    /// <exception cref="RefusedException">The app has too many.</exception>
    public DynoStatus Await(OneOffPlan plan)
    {
        var reserved = Reserve(plan);
        lock (gate)
            waiting[reserved.Id] = new Attached(this, runtime, logs, clock, plan, reserved);
        _ = ForgetLaterAsync(reserved.Id);
        return reserved;
    }

    /// <summary>The one that waits for its caller; null when it was taken already, or is no more.</summary>
    internal Attached? Take(DynoId dyno)
    {
        lock (gate)
            return waiting.Remove(dyno, out var attached) ? attached : null;
    }

    /// <summary>Those of an app that wait or run, by name.</summary>
    public ImmutableArray<DynoStatus> Of(AppId app)
    {
        lock (gate)
            return [.. known.Values.Where(d => d.App == app).OrderBy(d => d.Name, StringComparer.Ordinal)];
    }

    /// <summary>Ends one by name, or all of a type: SIGTERM, and after a grace SIGKILL.</summary>
    /// <returns>False when there is none.</returns>
    public async Task<bool> StopAsync(AppId app, string typeOrName, CancellationToken ct)
    {
        var found = Of(app).Where(d => d.Name == typeOrName || d.Type == typeOrName).ToArray();
        await Task.WhenAll(found.Select(d => StopAsync(d, ct)));
        return found.Length > 0;
    }

    /// <summary>The app is gone: so are they.</summary>
    internal void Forget(AppId app)
    {
        foreach (var dyno in Of(app))
            _ = StopAsync(dyno, CancellationToken.None);
    }

    /// <summary>It runs, unless the runtime said meanwhile that it has ended already.</summary>
    private void Confirm(DynoStatus status)
    {
        lock (gate)
        {
            if (known.ContainsKey(status.Id))
                known[status.Id] = status;
        }
    }

    /// <summary>The runtime's word on a one-off.</summary>
    internal void See(DynoStatus status)
    {
        lock (gate)
        {
            if (status.State is DynoState.Starting or DynoState.Up)
                known[status.Id] = status;
            else
                known.Remove(status.Id);
        }
    }

    /// <summary>Detached ones that are believed to run.</summary>
    internal ImmutableArray<DynoId> Detached()
    {
        lock (gate)
            return [.. known.Values.Where(d => d.Until is not null).Select(d => d.Id)];
    }

    internal void Lost(DynoId dyno)
    {
        lock (gate)
        {
            known.Remove(dyno);
            waiting.Remove(dyno);
        }
    }

    private async Task StopAsync(DynoStatus dyno, CancellationToken ct)
    {
        if (Take(dyno.Id) is not null)
            Lost(dyno.Id);
        else
            await runtime.StopAsync(dyno.Id, Grace, ct);
    }

    private DynoStatus Reserve(OneOffPlan plan)
    {
        lock (gate)
        {
            var mine = known.Values.Where(d => d.App == plan.App).ToArray();
            if (mine.Length >= plan.Most)
                throw Refuse.Invalid(Quota.OneOffs.Sentence(plan.Most, mine.Length == 0 ? "" : $"Stop one with ps:stop {mine[0].Name}, or wait until one ends."));
            string name;
            do
                name = $"{plan.Type}.{RandomNumberGenerator.GetInt32(1000, 10_000)}";
            while (mine.Any(d => d.Name == name));
            var status = plan.Status(DynoId.New(), name, clock.GetUtcNow());
            return known[status.Id] = status;
        }
    }

    private async Task ForgetLaterAsync(DynoId dyno)
    {
        await Task.Delay(WaitForCaller, clock);
        if (Take(dyno) is not null)
            Lost(dyno);
    }
}
