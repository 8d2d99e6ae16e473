using Sluice.Accounts;
using Sluice.Apps;
using Sluice.Pipelines;
using Sluice.Sources;

namespace Sluice.Api;

/// <summary>
/// Repositories as clients of a code host know them. Each app's is <c>sluice/APP</c>; all apps of a pipeline are said to be built from one of them: the one
/// that it was connected to, else that of the app which comes first in it.
/// </summary>
internal sealed class AppRepositories(Lookup lookup, PipelineCatalog pipelines, PipelineLinks links)
{
    public const string Owner = "sluice";

    public static string NameOf(App app) => $"{Owner}/{app.Name}";

    /// <summary>The app whose repository that is, when the caller may see it.</summary>
    public async Task<App> FindAsync(string owner, string repository, Principal who, CancellationToken ct)
    {
        try
        {
            return owner == Owner ? await lookup.AppAsync(repository, Permission.View, who, ct) : throw NotFound(owner, repository);
        }
        catch (RefusedException e) when (e.Kind == RefusalKind.NotFound)
        {
            throw NotFound(owner, repository);
        }
    }

    /// <summary>By its number, for those who may see it.</summary>
    public async Task<App> FindAsync(long number, Principal who, CancellationToken ct)
    {
        var seen = await lookup.AppsAsync(await links.AppsWithIdAsync(RepositoryNumber.StartOfId(number), ct), who, ct);
        return seen.Length switch
        {
            1 => seen[0],
            0 => throw Refuse.NotFound("repository", $"{number}"),
            _ => throw Refuse.Conflict($"{number} means several repositories: {string.Join(", ", seen.Select(NameOf))}."),
        };
    }

    /// <summary>The app in whose repository this one's code is said to be; itself when it is in no pipeline.</summary>
    public async Task<App> OfAsync(App app, Principal who, CancellationToken ct)
    {
        if (await pipelines.CouplingOfAsync(app.Id, ct) is not { } coupling)
            return app;
        var family = await FamilyAsync(app, who, ct);
        var connected = await links.RepositoryAsync(coupling.Pipeline, ct);
        return family.FirstOrDefault(a => a.Id == connected?.App) ?? (connected is null ? null : await SeenAsync(connected.App, who, ct)) ?? family[0];
    }

    /// <summary>The app, with those of its pipeline that the caller may see, in the order that changes go through them.</summary>
    public async Task<IReadOnlyList<App>> FamilyAsync(App app, Principal who, CancellationToken ct)
    {
        if (await pipelines.CouplingOfAsync(app.Id, ct) is not { } coupling || await pipelines.FindAsync(coupling.Pipeline, ct) is not { } pipeline)
            return [app];
        var places = (await pipelines.CouplingsAsync(pipeline.Id, who, ct)).ToDictionary(c => c.App, c => pipeline.Stages.IndexOf(c.Stage));
        var seen = await lookup.AppsAsync(places.Keys, who, ct);
        return [.. seen.OrderBy(a => places[a.Id]).ThenBy(a => a.Name, StringComparer.Ordinal)];
    }

    private async Task<App?> SeenAsync(AppId app, Principal who, CancellationToken ct) => (await lookup.AppsAsync([app], who, ct)).FirstOrDefault();

    private static RefusedException NotFound(string owner, string repository) =>
        new(RefusalKind.NotFound, $"There is no repository {owner}/{repository} here. Each app's is {Owner}/APP.", "repository");
}
