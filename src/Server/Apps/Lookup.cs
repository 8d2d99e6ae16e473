using System.Collections.Immutable;
using Sluice.Accounts;

namespace Sluice.Apps;

/// <summary>From a caller's "id or name" to an app it may touch. Past this only an <see cref="App"/> travels, so permission was asked exactly once.</summary>
public sealed class Lookup(AppCatalog apps)
{
    /// <summary>Throws a refusal (not found) for an app that is unknown or foreign, and (forbidden) for one that the caller may see but not treat so.</summary>
    public async Task<App> AppAsync(string idOrName, Permission wanted, Principal who, CancellationToken ct)
    {
        var app = await apps.FindAsync(idOrName, ct) ?? throw Refuse.NotFound("app", idOrName);
        Access.Demand(who, app.Owner, wanted, "app", idOrName);
        return app;
    }

    /// <summary>Those of <paramref name="ids"/> that exist and that the caller may see, by name.</summary>
    public async Task<ImmutableArray<App>> AppsAsync(IEnumerable<AppId> ids, Principal who, CancellationToken ct)
    {
        var found = await apps.FindAllAsync(ids, ct);
        return [.. found.Where(app => Access.Allows(who, app.Owner, Permission.View))];
    }
}
