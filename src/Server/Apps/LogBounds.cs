using Sluice.Logs;

namespace Sluice.Apps;

/// <summary>Tells the logs at the start, before any line comes, how much each app may keep: a log that did not know its larger bound would drop what it should keep.</summary>
internal sealed class LogBounds(QuotaTable quotas, AppLogs logs) : IHostedLifecycleService
{
    public async Task StartingAsync(CancellationToken cancellationToken)
    {
        foreach (var (app, megabytes) in await quotas.OfAllAsync(Quota.LogMb, cancellationToken))
            logs.Bound(app, megabytes);
    }

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
