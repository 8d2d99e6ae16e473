using System.Collections.Immutable;
using Sluice.Accounts;
using Sluice.Apps;
using Sluice.Dashboard.Shell;
using Sluice.Dynos;
using Sluice.Git;
using Sluice.Releases;
using Sluice.Slugs;
using Sluice.Sources;

namespace Sluice.Dashboard;

/// <summary>All that a card says about one app.</summary>
public sealed record AppFact
{
    public required AppAccess Access { get; init; }

    /// <summary>What runs; null before the first release.</summary>
    public required Release? Current { get; init; }

    /// <summary>Higher than <see cref="Current"/> when one is on its way, or failed since.</summary>
    public required Release? Newest { get; init; }
    public required Slug? Slug { get; init; }
    public required Commit? Commit { get; init; }

    /// <summary>Who made the current release.</summary>
    public required string By { get; init; }
    public required ImmutableArray<TypeState> Dynos { get; init; }

    /// <summary>What is being built, or will be next; null when nothing is.</summary>
    public BuildLine? Building { get; init; }

    /// <summary>Pushes that wait for the one that is built or released, oldest first.</summary>
    public ImmutableArray<WaitingPush> Pushes { get; init; } = [];

    /// <summary>How many builds and pushes wait behind that.</summary>
    public int Behind { get; init; }

    public App App => Access.App;

    public string Name => App.Name;

    /// <summary>The release on its way; null when none is.</summary>
    public Release? Going => Newest is { IsTerminal: false } ? Newest : null;

    /// <summary>The newest release, when it failed or errored and nothing came after it.</summary>
    public Release? Broken => Newest is { IsTerminal: true } && Newest.Id != Current?.Id ? Newest : null;

    /// <summary>When what crashed is started again; null when nothing waits for that.</summary>
    public DateTimeOffset? TryAgainAt => Dynos.Min(d => d.TryAgainAt);

    public string? Trouble => Dynos.Select(d => d.Trouble).FirstOrDefault(t => t is not null);
}

/// <summary>Reads the facts of many apps with a handful of questions, however many apps they are.</summary>
internal sealed class AppFacts(
    Lookup lookup, ReleaseHeads heads, SlugCatalog slugs, FormationTable formations, DynoFleet fleet, BuildFacts builds, PushQueue pushes, People people, Commits commits)
{
    /// <summary>Those of <paramref name="apps"/> that the caller may see, by id.</summary>
    public async Task<ImmutableDictionary<AppId, AppFact>> OfAsync(IEnumerable<AppId> apps, Principal who, CancellationToken ct) =>
        await OfAsync(await lookup.AccessesAsync(apps, who, ct), ct);

    public async Task<AppFact> OfAsync(AppAccess app, CancellationToken ct) => (await OfAsync([app], ct))[app.App.Id];

    private async Task<ImmutableDictionary<AppId, AppFact>> OfAsync(ImmutableArray<AppAccess> accesses, CancellationToken ct)
    {
        AppId[] ids = [.. accesses.Select(a => a.App.Id)];
        var standing = await heads.OfAsync(ids, ct);
        var known = (await slugs.ListAsync(standing.Values.Select(h => h.Current?.Slug).OfType<SlugId>(), ct)).ToDictionary(s => s.Id);
        var formation = (await formations.ListAsync(ids, ct)).ToLookup(f => f.App);
        var names = await people.NamesAsync(standing.Values.Select(h => h.Current?.User).OfType<AccountId>(), ct);
        var building = await builds.NowAsync([.. accesses.Select(a => a.App)], ct);
        var facts = await Task.WhenAll(accesses.Select(async access =>
        {
            var head = standing.GetValueOrDefault(access.App.Id);
            var ((build, behind), queued) = (building.GetValueOrDefault(access.App.Id), pushes.Of(access.App.Id));
            var slug = head?.Current?.Slug is { } id ? known.GetValueOrDefault(id) : null;
            return new AppFact
            {
                Access = access,
                Current = head?.Current,
                Newest = head?.Newest,
                Slug = slug,
                Commit = slug is null ? null
                    // Just after a promotion only the app that built it has the commit in its repository.
                    : await commits.CommitAsync(access.App.Id, slug.Commit, ct) ?? (slug.App == access.App.Id ? null : await commits.CommitAsync(slug.App, slug.Commit, ct)),
                By = head?.Current is { } current ? names[current.User] : "",
                Building = build,
                Pushes = queued,
                Behind = behind + queued.Length,
                Dynos = TypeState.Of(formation[access.App.Id], [.. slug?.ProcessTypes.Keys ?? []], NowOf(access.App.Id, head?.Current)),
            };
        }));
        return facts.ToImmutableDictionary(f => f.App.Id);
    }

    /// <summary>Dynos of what runs; those that are prepared beside them, or drain, are told where the release is told.</summary>
    private ImmutableArray<Runtime.DynoStatus> NowOf(AppId app, Release? current)
    {
        var dynos = fleet.Of(app);
        return [.. dynos.Where(d => current is not null && d.Generation == current.Version)];
    }
}
