using Sluice.Accounts;
using Sluice.Apps;
using Sluice.Logs;
using Sluice.Releases;
using Sluice.Wire;

namespace Sluice.Api;

/// <summary>How much an app may have. Its people see it, administrators set it. Ours, not Heroku's.</summary>
internal static class QuotasApi
{
    public static void MapQuotas(this IEndpointRouteBuilder api)
    {
        api.MapGet("/apps/{name}/quotas", List).ForApp(Permission.View);
        api.MapPatch("/quotas/{name}", Set).ForAdministrator();
    }

    private static async Task<IReadOnlyList<QuotaWire>> List(App app, QuotaTable quotas, CancellationToken ct) => await WiresAsync(app, quotas, ct);

    /// <summary>An administrator may have no access to the app itself, and gets none by this. A name that is not said stays as it is; null is the default.</summary>
    private static async Task<IReadOnlyList<QuotaWire>> Set(RequestBody body, string name, Principal who, AppCatalog apps, QuotaTable quotas, CurrentPlans plans, AppLogs logs, CancellationToken ct)
    {
        var limits = body.Names.ToDictionary(quota => quota, quota => (long?)body.Int(quota), StringComparer.Ordinal);
        body.RefuseFaults();
        var app = await apps.FindAsync(name, ct) ?? throw Refuse.NotFound("app", name);
        await quotas.SetAsync(app, limits, who, ct);
        logs.Bound(app.Id, await quotas.OfAsync(app.Id, Quota.LogMb, ct));
        plans.Nudge(app.Id);
        return await WiresAsync(app, quotas, ct);
    }

    private static async Task<QuotaWire[]> WiresAsync(App app, QuotaTable quotas, CancellationToken ct) =>
        [.. (await quotas.ListAsync(app.Id, ct)).Select(q => new QuotaWire(q.Quota.Name, q.Limit, q.Quota.Default, q.Quota.What))];
}
