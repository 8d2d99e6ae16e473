namespace Sluice.Dynos;

/// <summary>Keeps the fleet's ear at the runtime while the server runs.</summary>
internal sealed class FleetWorker(DynoFleet fleet) : BackgroundService
{
    protected override Task ExecuteAsync(CancellationToken stoppingToken) => fleet.WatchAsync(stoppingToken);
}
