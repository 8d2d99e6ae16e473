using Sluice.Jobs;
using Sluice.Logs;

namespace Sluice.Builds;

/// <summary>Nudges <see cref="BuildWorker"/>.</summary>
public sealed class BuildWakeup
{
    internal Wakeup Wakeup { get; } = new();

    public void Nudge() => Wakeup.Nudge();
}

/// <summary>Nudged when an API build succeeded, for whoever makes releases of them.</summary>
public sealed class BuiltWakeup
{
    internal Wakeup Wakeup { get; } = new();
}

/// <summary>
/// Builds what the API accepted, several apps at once, and picks up after a restart what a dead server left: API builds are done again, pushes
/// are over (their clients know no end).
/// </summary>
internal sealed partial class BuildWorker(BuildTable builds, Builder builder, BuildWakeup wakeup, BuiltWakeup built, AppLogs appLogs, DataFolder data, TimeProvider clock, ILogger<BuildWorker> log) : BackgroundService
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(10);
    private readonly Dictionary<BuildId, Task> running = [];

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        foreach (var (app, build) in await builds.FailCutPushesAsync(stoppingToken))
            appLogs.Note(app, Builder.FailedNote(build));
        while (!stoppingToken.IsCancellationRequested)
        {
            foreach (var over in running.Where(r => r.Value.IsCompleted).Select(r => r.Key).ToList())
                running.Remove(over);
            foreach (var request in await builds.PendingAsync(data, stoppingToken))
            {
                if (!running.ContainsKey(request.Id!.Value))
                    running[request.Id.Value] = BuildAsync(request, stoppingToken);
            }
            await wakeup.Wakeup.WaitAsync(LookEvery, clock, stoppingToken);
        }
        await Task.WhenAll(running.Values);
    }

    private async Task BuildAsync(BuildRequest request, CancellationToken ct)
    {
        try
        {
            await builder.BuildAsync(request, _ => ValueTask.CompletedTask, ct);
            built.Wakeup.Nudge();
            wakeup.Nudge();
        }
        catch (OperationCanceledException) when (ct.IsCancellationRequested)
        {
            // Stopping: the row stays pending and the next server builds it.
        }
        catch (Exception e)
        {
            LogBroke(request.App, request.Id!.Value, e);   // one broken build must not stop the others
        }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "Build {Build} of {App} broke; it is tried again")]
    private partial void LogBroke(AppId app, BuildId build, Exception cause);
}
