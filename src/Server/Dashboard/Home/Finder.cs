using System.Collections.Immutable;
using Sluice.Accounts;
using Sluice.Apps;
using Sluice.Pipelines;
using Sluice.Storage;

namespace Sluice.Dashboard.Home;

/// <summary>One line that the palette offers: somewhere to go, or something to do at once.</summary>
/// <param name="Note">What it is about, in a word or two.</param>
/// <param name="Fields">Null for a link; else what the form of this line sends to <paramref name="Path"/>.</param>
public sealed record Offer(string Text, string Note, string Path, ImmutableDictionary<string, string>? Fields = null);

/// <summary>
/// What the palette finds: pipelines and apps by part of their name, and what can be done with them when a verb stands before it (<c>promote shop</c>,
/// <c>restart shop-eu</c>). Offers only what the one who asks may do.
/// </summary>
internal sealed class Finder(Db db, Lookup lookup, PipelineList pipelines, PipelineCatalog catalog)
{
    private const int Most = 8;

    private static readonly ImmutableArray<Verb> Verbs =
    [
        new("promote", Permission.View, (app, place) => place is null ? null : new Offer($"Promote {app.Name}…", $"from {place.Stage}", $"/dashboard/pipelines/{place.Pipeline}/promote?from={app.Name}")),
        new("rollback", Permission.Deploy, (app, _) => new Offer($"Roll back {app.Name}…", "pick a release", $"{PathOf(app)}/activity")),
        new("restart", Permission.Operate, (app, _) => new Offer($"Restart {app.Name}", "all dynos", $"{PathOf(app)}/restart", [])),
        new("maintenance", Permission.Operate, (app, _) => new Offer(
            $"Turn maintenance of {app.Name} {(app.Maintenance ? "off" : "on")}", app.Maintenance ? "visitors reach it again" : "visitors see a page that says so", $"{PathOf(app)}/maintenance",
            ImmutableDictionary<string, string>.Empty.Add("on", app.Maintenance ? "no" : "yes"))),
        new("scale", Permission.Operate, (app, _) => new Offer($"Scale {app.Name}…", "dynos and sizes", $"{PathOf(app)}/resources")),
        new("logs", Permission.View, (app, _) => new Offer($"Logs of {app.Name}", "live", $"{PathOf(app)}/logs")),
        new("releases", Permission.View, (app, _) => new Offer($"Releases of {app.Name}", "what it ran", $"{PathOf(app)}/activity")),
        new("config", Permission.View, (app, _) => new Offer($"Config vars of {app.Name}", "settings", $"{PathOf(app)}/settings")),
        new("metrics", Permission.View, (app, _) => new Offer($"Metrics of {app.Name}", "the last day", $"{PathOf(app)}/metrics")),
        new("deploy", Permission.View, (app, _) => new Offer($"How to push to {app.Name}", "git", $"{PathOf(app)}/deploy")),
    ];

    /// <param name="pipeline">Where the one who asks is looking: what looks like a commit is searched there; null elsewhere.</param>
    public async Task<ImmutableArray<Offer>> OfAsync(string query, string? pipeline, Principal who, CancellationToken ct)
    {
        var words = query.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        if (words.Length == 0)
            return [];
        var verbs = Verbs.Where(v => v.Word.StartsWith(words[0], StringComparison.Ordinal) && words[0].Length > 1).ToArray();
        var offers = new List<Offer>();
        if (verbs.Length > 0)
            offers.AddRange(await DoAsync(verbs, words.Length > 1 ? words[1] : "", who, ct));
        if (words.Length == 1)
            offers.AddRange(await GoAsync(words[0], who, ct));
        if (pipeline is not null && query.Length > 2)
            offers.Add(new Offer($"Where is “{query}”?", "a commit or a subject", $"/dashboard/pipelines/{pipeline}/changes?q={Uri.EscapeDataString(query)}"));
        return [.. offers.Take(2 * Most)];
    }

    private async Task<IEnumerable<Offer>> DoAsync(Verb[] verbs, string name, Principal who, CancellationToken ct)
    {
        var offers = new List<Offer>();
        foreach (var (access, place) in await AppsAsync(name, who, ct))
            offers.AddRange(verbs.Where(v => access.Granted.Has(v.Needs)).Select(v => v.Of(access.App, place)).OfType<Offer>());
        return offers.Take(Most);
    }

    private async Task<IEnumerable<Offer>> GoAsync(string name, Principal who, CancellationToken ct)
    {
        var found = (await pipelines.PageAsync(SliceOf(name), who, ct)).Take(Most / 2).Select(p => new Offer($"Go to {p.Name}", "pipeline", $"/dashboard/pipelines/{p.Id}"));
        return found.Concat((await AppsAsync(name, who, ct)).Select(a => new Offer($"Go to {a.Access.App.Name}", a.Place is { } place ? $"{place.PipelineName}, {place.Stage}" : "app", PathOf(a.Access.App))));
    }

    private async Task<ImmutableArray<(AppAccess Access, Coupling? Place)>> AppsAsync(string name, Principal who, CancellationToken ct)
    {
        var key = AppList.Keys[0];
        var slice = SliceOf(name);
        var ids = await db.ListAsync($"SELECT apps.id FROM apps WHERE {Access.SeesApp(who)} AND {slice.Within(key)} {slice.Cut(key.Column)}", row => new AppId(row.Guid("id")), ct);
        var apps = ImmutableArray.CreateBuilder<(AppAccess, Coupling?)>();
        foreach (var access in (await lookup.AccessesAsync(ids.Take(Most), who, ct)).OrderBy(a => !a.App.Name.StartsWith(name, StringComparison.Ordinal)).ThenBy(a => a.App.Name, StringComparer.Ordinal))
            apps.Add((access, await catalog.CouplingOfAsync(access.App.Id, ct)));
        return apps.ToImmutable();
    }

    private static Slice SliceOf(string name) => Slice.First(Most) with { Containing = name };

    private static string PathOf(App app) => $"/dashboard/apps/{app.Name}";

    /// <summary>Something to do with an app; null when this app cannot.</summary>
    private sealed record Verb(string Word, Permission Needs, Func<App, Coupling?, Offer?> Of);
}
