using System.Collections.Concurrent;
using Sluice.Jobs;
using Sluice.Logs;

namespace Sluice.Drains;

/// <summary>Keeps a pump running for every drain in the table, and none for others. Where each is in its app's log lies in <c>DIR/logs/drains/ID</c>.</summary>
internal sealed partial class DrainWorker(DrainTable table, DrainNetwork network, AppLogs logs, DataFolder data, DrainTimes times, TimeProvider clock, ILogger<DrainWorker> log)
    : BackgroundService
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(10);

    private readonly ConcurrentDictionary<Guid, Running> running = new();

    private string Folder => Path.Combine(data.Logs, "drains");

    /// <summary>Why a drain does not take lines now; null when it does.</summary>
    public string? TroubleOf(Guid drain) => running.TryGetValue(drain, out var one) ? one.Pump.Trouble : null;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await Calm.AfterStartAsync(clock, stoppingToken);
        Directory.CreateDirectory(Folder);
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await FollowAsync(stoppingToken);
            }
            catch (Exception e) when (!stoppingToken.IsCancellationRequested)
            {
                LogNoLook(e);
            }
            await table.Changed.WaitAsync(LookEvery, clock, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
        await Task.WhenAll(running.Values.Select(one => one.Task));
    }

    private async Task FollowAsync(CancellationToken ct)
    {
        var wanted = (await table.AllAsync(ct)).ToDictionary(drain => drain.Id);
        foreach (var (id, one) in running.Where(one => !wanted.ContainsKey(one.Key)))
        {
            await one.Stop.CancelAsync();
            await one.Task;
            one.Stop.Dispose();
            running.TryRemove(id, out _);
        }
        foreach (var left in Directory.EnumerateFiles(Folder).Where(f => !Guid.TryParse(Path.GetFileName(f), out var id) || !wanted.ContainsKey(id)))
            File.Delete(left);
        foreach (var (id, drain) in wanted.Where(one => !running.ContainsKey(one.Key)))
        {
            var stop = CancellationTokenSource.CreateLinkedTokenSource(ct);
            var pump = new DrainPump(drain, IReceiver.Of(drain, network), logs, Path.Combine(Folder, id.ToString()), times, clock);
            running[id] = new Running(pump, stop, Task.Run(() => RunAsync(drain, pump, stop.Token), ct));
        }
    }

    private async Task RunAsync(Drain drain, DrainPump pump, CancellationToken ct)
    {
        while (!ct.IsCancellationRequested)
        {
            try
            {
                await pump.RunAsync(ct);
                return;
            }
            catch (OperationCanceledException) when (ct.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e)
            {
                LogBroke(drain.Id, drain.App, e);   // one drain must not stop the others, nor end for ever
            }
            await Task.Delay(LookEvery, clock, ct).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private sealed record Running(DrainPump Pump, CancellationTokenSource Stop, Task Task);

    [LoggerMessage(Level = LogLevel.Error, Message = "Drain {Drain} of app {App} broke; it goes on in a moment")]
    private partial void LogBroke(Guid drain, AppId app, Exception cause);

    [LoggerMessage(Level = LogLevel.Error, Message = "The drains could not be read")]
    private partial void LogNoLook(Exception cause);
}
