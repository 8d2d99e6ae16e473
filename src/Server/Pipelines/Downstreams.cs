using System.Collections.Immutable;
using Sluice.Accounts;
using Sluice.Apps;

namespace Sluice.Pipelines;

/// <summary>Where an app promotes to when nobody says, as one person sees it.</summary>
/// <param name="Stage">The very next stage, even when no app is in it; null when the app names its downstream app itself, and when no stage comes next.</param>
/// <param name="Apps">Those that the person may see, by name.</param>
/// <param name="WhyNot">Why a promotion that names no apps goes nowhere, a sentence; null when it goes to all of <paramref name="Apps"/>.</param>
public sealed record Downstream(string? Stage, ImmutableArray<App> Apps, string? WhyNot);

/// <summary>Tells everybody who asks where an app promotes to: by <see cref="PromotionPaths"/>, as the promotion itself does.</summary>
public sealed class Downstreams(PipelineCatalog pipelines, EdgeTable edges, Lookup lookup)
{
    /// <param name="app">One that the caller may see.</param>
    public async Task<Downstream> OfAsync(App app, Principal who, CancellationToken ct)
    {
        var paths = await PathsAsync(app, ct);
        var all = paths.DownstreamOf(app.Id);
        var seen = await lookup.AppsAsync(all, who, ct);
        return new Downstream(
            paths.Edges.ContainsKey(app.Id) ? null : paths.NextStage(app.Id),
            [.. seen.OrderBy(a => a.Name, StringComparer.Ordinal)],
            all.IsEmpty ? paths.WhyNowhere(app.Id) : seen.Length < all.Length ? paths.WhyUnseen(app.Id) : null);
    }

    /// <summary>Apps of its pipeline that an app gets its slugs from, by name; those that the caller may see.</summary>
    public async Task<ImmutableArray<App>> UpstreamOfAsync(App app, Principal who, CancellationToken ct)
    {
        if (await pipelines.CouplingOfAsync(app.Id, ct) is not { } place)
            return [];
        var paths = (await edges.OfPipelineAsync(place.Pipeline, ct)).Aggregate(await PathsAsync(app, ct), (all, edge) => all.With(edge));
        return [.. (await lookup.AppsAsync(paths.UpstreamOf(app.Id), who, ct)).OrderBy(a => a.Name, StringComparer.Ordinal)];
    }

    private async Task<PromotionPaths> PathsAsync(App app, CancellationToken ct)
    {
        var paths = await pipelines.PathsAsync(app.Id, ct) ?? PromotionPaths.Outside(app.Id, app.Name);
        return await edges.FindAsync(app.Id, ct) is { } edge ? paths.With(edge) : paths;
    }
}
