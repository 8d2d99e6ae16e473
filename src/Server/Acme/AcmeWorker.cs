using System.Collections.Concurrent;
using Sluice.Jobs;
using Sluice.Router;

namespace Sluice.Acme;

/// <summary>Orders what is due, some at a time, and keeps every router's proofs as the records have them.</summary>
internal sealed partial class AcmeWorker(
    AcmeJobs jobs, AcmeAccounts accounts, RouterClient router, CertificateGiver certificates, Site site, TimeProvider clock, ILogger<AcmeWorker> logger) : BackgroundService
{
    private const int AtOnce = 4;
    private static readonly TimeSpan Look = TimeSpan.FromSeconds(10);

    private readonly Wakeup wakeup = new();
    private readonly ConcurrentDictionary<Guid, Task> running = new();

    /// <summary>Between two looks at an order, when the authority does not say.</summary>
    internal TimeSpan? LookEvery { get; init; }

    /// <summary>A domain may want a certificate, or none any more.</summary>
    public void Nudge() => wakeup.Nudge();

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (site.Authority is not { } authority)
            return;   // nothing leaves the machine unasked
        using var client = new AcmeClient(authority, clock);
        var certifier = new Certifier(jobs, accounts, client, authority, GiveAsync, clock) { LookEvery = LookEvery ?? TimeSpan.FromSeconds(2) };
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await GiveAsync(stoppingToken);
                foreach (var job in await jobs.DueAsync(stoppingToken))
                {
                    if (running.Count < AtOnce && !running.ContainsKey(job.Domain))
                        running[job.Domain] = Task.Run(() => TakeAsync(certifier, job, stoppingToken), stoppingToken);
                }
            }
            catch (RouterAwayException)
            {
                // Nothing can be proved without one; it is back in a moment.
            }
            catch (Exception trouble) when (!stoppingToken.IsCancellationRequested)
            {
                LogTrouble(trouble);
            }
            await wakeup.WaitAsync(Look, clock, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
        await Task.WhenAll(running.Values);
    }

    private async Task TakeAsync(Certifier certifier, AcmeJob job, CancellationToken ct)
    {
        try
        {
            if (await certifier.TakeAsync(job, ct))
            {
                certificates.Nudge();
                LogIssued(job.App, job.Hostname);
            }
        }
        catch (Exception trouble) when (!ct.IsCancellationRequested)
        {
            LogBroke(job.App, job.Hostname, trouble);   // one domain must not stop the others; it is due again at once, and looked at in a moment
            await Task.Delay(Look, clock, ct).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
        catch (OperationCanceledException)
        {
            // Stopping: the next start goes on where this one was.
        }
        running.TryRemove(job.Domain, out _);
        wakeup.Nudge();
    }

    /// <summary>Returns when every router that runs has them.</summary>
    private async Task GiveAsync(CancellationToken ct) => await router.GiveChallengesAsync(Challenges.TextOf([.. (await jobs.ProofsAsync(ct)).Select(p => new Challenge(p.Host, p.Token, p.Proof))]), ct);

    [LoggerMessage(Level = LogLevel.Information, Message = "App {App} has a certificate for {Hostname}")]
    private partial void LogIssued(AppId app, string hostname);

    [LoggerMessage(Level = LogLevel.Error, Message = "App {App}: the certificate for {Hostname} could not be gone on with; tried again in a moment")]
    private partial void LogBroke(AppId app, string hostname, Exception trouble);

    [LoggerMessage(Level = LogLevel.Error, Message = "Domains could not be looked through for certificates to order")]
    private partial void LogTrouble(Exception trouble);
}
