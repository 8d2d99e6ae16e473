using Sluice.Apps;
using Sluice.Jobs;

namespace Sluice.Router;

/// <summary>Keeps every router's uploaded certificates as the records have them: after a change at once, else with a look now and then.</summary>
public sealed partial class CertificateGiver(SniEndpointTable endpoints, RouterClient router, TimeProvider clock, ILogger<CertificateGiver> logger) : BackgroundService
{
    private static readonly TimeSpan Look = TimeSpan.FromSeconds(10);

    private readonly Wakeup wakeup = new();

    /// <summary>A certificate, or which domain is served with it, has changed.</summary>
    public void Nudge() => wakeup.Nudge();

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var isLost = false;
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await router.GiveCertificatesAsync(UploadedCertificates.TextOf(await endpoints.ServedAsync(stoppingToken)), stoppingToken);
                isLost = false;
            }
            catch (Exception trouble) when (!stoppingToken.IsCancellationRequested)
            {
                if (!isLost)
                    LogNotGiven(trouble);
                isLost = true;
            }
            await wakeup.WaitAsync(Look, clock, stoppingToken);
        }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "The router could not be given the uploaded certificates; it goes on with those it has")]
    private partial void LogNotGiven(Exception trouble);
}
