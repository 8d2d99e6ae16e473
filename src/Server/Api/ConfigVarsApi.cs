using Sluice.Accounts;
using Sluice.Apps;
using Sluice.Releases;

namespace Sluice.Api;

internal static class ConfigVarsApi
{
    public static void MapConfigVars(this IEndpointRouteBuilder api)
    {
        api.MapGet("/apps/{name}/config-vars", Show).ForApp(Permission.Deploy).ReachingConfig();
        api.MapPatch("/apps/{name}/config-vars", Change).ForApp(Permission.Operate).ReachingConfig();
        api.MapGet("/apps/{name}/releases/{release}/config-vars", ShowOld).ForApp(Permission.Deploy).ReachingConfig();
    }

    private static async Task<IReadOnlyDictionary<string, string>> Show(App app, AppCatalog apps, CancellationToken ct) => await apps.ConfigAsync(app, ct);

    /// <summary>Answers at once: the release that carries the change goes its own way.</summary>
    private static async Task<IReadOnlyDictionary<string, string>> Change(
        RequestBody body, App app, Principal who, AppCatalog apps, ReleaseLedger ledger, CancellationToken ct)
    {
        var changes = body.Map(nulls: true);
        body.Fault(ConfigVars.Faults(changes));
        body.RefuseFaults();
        await ledger.ChangeConfigAsync(app.Id, who.Account, changes, who.RequestId, ct);
        return await apps.ConfigAsync(app, ct);
    }

    private static async Task<IReadOnlyDictionary<string, string>> ShowOld(App app, string release, ReleaseLedger ledger, CancellationToken ct) =>
        await ledger.ConfigAsync(await ledger.FindAsync(app.Id, release, ct) ?? throw Refuse.NotFound("release", release), ct);
}
