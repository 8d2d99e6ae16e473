using System.Diagnostics;
using Sluice.Jobs;
using Sluice.Runtime;

namespace Sluice.Dynos;

/// <summary>Starts and stops of one app's dynos: asked for once, tried until the runtime has done it, and reported back under the app's lock.</summary>
/// <param name="see">What the runtime answered.</param>
/// <param name="end">It cannot run, and why.</param>
/// <param name="step">Something moved: look again.</param>
internal sealed class DynoMoves(AppId app, FleetWorld world, Lock gate, Action<DynoStatus> see, Action<Dyno, string> end, Action step)
{
    public static TimeSpan Longer(TimeSpan pause) => pause < TimeSpan.FromSeconds(5) ? pause * 2 : pause;

    public async Task LaunchAsync(Dyno dyno, DynoStart start)
    {
        using var span = Traces.Start("dyno.start", ActivityKind.Client)?.SetTag("sluice.app.id", app.ToString()).SetTag("sluice.dyno", dyno.Slot.Name).SetTag("sluice.release", dyno.Slot.Generation);
        for (var pause = TimeSpan.FromMilliseconds(200); ; pause = Longer(pause))
        {
            try
            {
                Launched(dyno, await world.Runtime.StartAsync(start, world.Stopping));
                return;
            }
            catch (RefusedException refused)
            {
                world.Log(app, dyno.Slot.Name, refused.Message);
                lock (gate)
                {
                    end(dyno, refused.Message);
                    step();
                }
                return;
            }
            catch (OperationCanceledException) when (world.Stopping.IsCancellationRequested)
            {
                return;
            }
            catch (Exception trouble)
            {
                if (!KeepsTrying(dyno, trouble))
                    return;
            }
            await world.PauseAsync(pause);
        }
    }

    /// <summary>Lets it finish its requests, then stops it; returns when nothing of it is left.</summary>
    public async Task StopAsync(Dyno dyno)
    {
        await dyno.Launch;
        for (var pause = TimeSpan.FromMilliseconds(200); ; pause = Longer(pause))
        {
            try
            {
                if (!dyno.HasEnded)
                {
                    if (dyno.Slot.IsWeb)
                        await world.Drained(dyno.Id, AppDynos.DrainLimit, world.Stopping);
                    world.Log(app, dyno.Slot.Name, "Stopping all processes with SIGTERM");
                }
                await world.Runtime.StopAsync(dyno.Id, AppDynos.Grace, world.Stopping);
                lock (gate)
                {
                    dyno.Phase = DynoPhase.Gone;
                    step();
                }
                return;
            }
            catch (OperationCanceledException) when (world.Stopping.IsCancellationRequested)
            {
                return;
            }
            catch (Exception trouble)
            {
                world.Trouble(trouble, $"{dyno.Slot.Name} of app {app} could not be stopped");
            }
            await world.PauseAsync(pause);
        }
    }

    private void Launched(Dyno dyno, DynoStatus status)
    {
        lock (gate)
        {
            dyno.LaunchTrouble = null;
            if (dyno.Phase == DynoPhase.Launching)
                dyno.Phase = DynoPhase.Kept;
            // A word about it may have come before the answer to its start.
            if (dyno.Status.State == DynoState.Starting)
                see(status);
            else
                step();
        }
    }

    private bool KeepsTrying(Dyno dyno, Exception trouble)
    {
        world.Trouble(trouble, $"{dyno.Slot.Name} of app {app} could not be started");
        lock (gate)
        {
            dyno.LaunchTrouble = (dyno.LaunchTrouble?.Since ?? world.Clock.Monotonic, trouble);
            step();
            return dyno.Phase == DynoPhase.Launching;
        }
    }
}
