using System.Collections.Immutable;
using Sluice.Accounts;
using Sluice.Apps;
using Sluice.Pipelines;
using Sluice.Releases;
using Sluice.Slugs;
using Sluice.Sources;

namespace Sluice.Dashboard.PipelinePage;

/// <summary>The way that one commit took.</summary>
public sealed record ChangeWay(Commit Commit, ImmutableArray<WayStep> Steps);

/// <summary>Where it is, or is not yet.</summary>
/// <param name="First">The first release of that app with the commit; null when none has it.</param>
/// <param name="RunsIt">The app runs it now: a rollback may have taken it back.</param>
public sealed record WayStep(string Stage, string App, Release? First, string By, bool RunsIt);

/// <summary>Where is my change? Commits by sha or by words of their subject, and which release first brought each to which app.</summary>
internal sealed class ChangeFinder(PipelineCatalog pipelines, ReleaseLedger ledger, SlugCatalog slugs, AppFacts facts, Commits commits, People people)
{
    private const int MostFound = 8, ReleasesBack = 60;

    public async Task<ImmutableArray<ChangeWay>> FindAsync(Pipeline pipeline, string query, Principal who, CancellationToken ct)
    {
        var couplings = (await pipelines.CouplingsAsync(pipeline.Id, who, ct)).OrderBy(c => pipeline.Stages.IndexOf(c.Stage)).ToArray();
        var known = await facts.OfAsync(couplings.Select(c => c.App), who, ct);
        var all = new Dictionary<string, Commit>(StringComparer.Ordinal);
        foreach (var app in known.Values.Where(a => a.Slug is not null))
        {
            foreach (var commit in await HistoryAsync(app.App.Id, app.Slug!, ct))
                all.TryAdd(commit.Sha, commit);
        }

        var found = all.Values.Where(c => c.Sha.StartsWith(query, StringComparison.OrdinalIgnoreCase) || c.Subject.Contains(query, StringComparison.OrdinalIgnoreCase))
            .OrderByDescending(c => c.At).Take(MostFound);
        var ways = ImmutableArray.CreateBuilder<ChangeWay>();
        foreach (var commit in found)
        {
            var steps = ImmutableArray.CreateBuilder<WayStep>();
            foreach (var coupling in couplings.Where(c => known.ContainsKey(c.App)))
                steps.Add(await StepAsync(coupling, known[coupling.App], commit, ct));
            ways.Add(new ChangeWay(commit, steps.ToImmutable()));
        }

        return ways.ToImmutable();
    }

    /// <summary>Back through the ledger while releases have it; a few that lack it in between are rollbacks.</summary>
    private async Task<WayStep> StepAsync(Coupling coupling, AppFact app, Commit commit, CancellationToken ct)
    {
        Release? first = null;
        var releases = (await ledger.ListAsync(app.App.Id, ct)).Where(r => r is { Status: "succeeded", Slug: not null }).Take(ReleasesBack).ToArray();
        var known = (await slugs.ListAsync(releases.Select(r => r.Slug!.Value), ct)).ToDictionary(s => s.Id);
        foreach (var release in releases)
        {
            if (known.TryGetValue(release.Slug!.Value, out var slug) && (await HistoryAsync(app.App.Id, slug, ct)).Any(c => c.Sha == commit.Sha))
                first = release;
        }

        var runsIt = first is not null && app.Slug is { } now && (await HistoryAsync(app.App.Id, now, ct)).Any(c => c.Sha == commit.Sha);
        return new WayStep(coupling.Stage, app.Name, first, first is null ? "" : (await people.NamesAsync([first.User], ct))[first.User], runsIt);
    }

    private async Task<ImmutableArray<Commit>> HistoryAsync(AppId app, Slug slug, CancellationToken ct) =>
        (await commits.BetweenAsync(app, slug, app, null, withFiles: false, ct)).Commits?.Ahead ?? [];
}
