using System.Collections.Immutable;
using Sluice.Apps;

namespace Sluice.Dashboard.PipelinePage;

/// <summary>Which config vars two apps have, by name: asked once each for one page, and only of apps whose config vars one may read.</summary>
internal sealed class KeyNames(AppCatalog apps)
{
    private readonly Dictionary<AppId, Task<ImmutableArray<string>>> known = [];

    /// <summary>Null when one may not read the config vars of both, or they are the same.</summary>
    public async Task<KeyDrift?> DriftAsync(AppFact up, AppFact down, CancellationToken ct)
    {
        if (!MayRead(up, down))
            return null;
        var (there, here) = (await OfAsync(up, ct), await OfAsync(down, ct));
        var drift = new KeyDrift(down.Name, up.Name, [.. here.Except(there, StringComparer.Ordinal)], [.. there.Except(here, StringComparer.Ordinal)]);
        return drift.Count == 0 ? null : drift;
    }

    public static bool MayRead(AppFact up, AppFact down) => up.Access.Granted.Has(Permission.Deploy) && down.Access.Granted.Has(Permission.Deploy);

    private Task<ImmutableArray<string>> OfAsync(AppFact app, CancellationToken ct)
    {
        lock (known)
        {
            if (!known.TryGetValue(app.App.Id, out var names))
                known[app.App.Id] = names = ReadAsync();
            return names;
        }

        async Task<ImmutableArray<string>> ReadAsync() => [.. (await apps.ConfigAsync(app.App, ct)).Keys];
    }
}
