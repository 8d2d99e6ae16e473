using Sluice.Accounts;
using Sluice.Acme;
using Sluice.Apps;
using Sluice.Router;
using Sluice.Wire;

namespace Sluice.Api;

/// <summary>Certificates that come by themselves, for all domains of an app: on, off, and tried again.</summary>
internal static class AcmApi
{
    public static void MapAcm(this IEndpointRouteBuilder api)
    {
        api.MapPost("/apps/{name}/acm", Enable).ForApp(Permission.Operate);
        api.MapPatch("/apps/{name}/acm", Refresh).ForApp(Permission.Operate);
        api.MapDelete("/apps/{name}/acm", Disable).ForApp(Permission.Operate);
    }

    private static async Task<AppWire> Enable(App app, Principal who, AcmeJobs jobs, AcmeWorker worker, AppCatalog apps, Site site, CancellationToken ct)
    {
        await jobs.EnableAsync(app, who, ct);
        worker.Nudge();
        return await NowAsync(app, apps, site, ct);
    }

    private static async Task<AppWire> Refresh(RequestBody body, App app, Principal who, AcmeJobs jobs, AcmeWorker worker, AppCatalog apps, Site site, CancellationToken ct)
    {
        if (body.Flag("acm_refresh") == false)
            body.Fault("acm_refresh must be true.");
        body.RefuseFaults();
        await jobs.RefreshAsync(app, who, ct);
        worker.Nudge();
        return await NowAsync(app, apps, site, ct);
    }

    private static async Task<AppWire> Disable(App app, Principal who, AcmeJobs jobs, AcmeWorker worker, CertificateGiver giver, AppCatalog apps, Site site, CancellationToken ct)
    {
        await jobs.DisableAsync(app, who, ct);
        worker.Nudge();
        giver.Nudge();
        return await NowAsync(app, apps, site, ct);
    }

    private static async Task<AppWire> NowAsync(App app, AppCatalog apps, Site site, CancellationToken ct) =>
        (await apps.FindAsync(app.Id, ct) ?? throw Refuse.NotFound("app", app.Name)).ToWire(site);
}
