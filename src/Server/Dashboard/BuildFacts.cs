using System.Collections.Immutable;
using Sluice.Apps;
using Sluice.Builds;
using Sluice.Dashboard.Shell;
using Sluice.Git;
using Sluice.Logs;
using Sluice.Sources;

namespace Sluice.Dashboard;

/// <summary>A build as pages tell of it.</summary>
/// <param name="By">Who asked for it.</param>
/// <param name="Since">Since when it runs; null while it waits for its turn, and after its end.</param>
/// <param name="Waits">What it waits for; null when it waits for nothing.</param>
/// <param name="Output">Where its output is, or will be.</param>
public sealed record BuildLine(Build Build, string App, string By, DateTimeOffset? Since, Wait? Waits, string Output)
{
    public string Path => $"/dashboard/apps/{App}/builds/{Build.Id}";

    /// <summary>What it is made of, short: seven digits of a commit, or what the API was told; a tenant's word. Null when nothing was said.</summary>
    public string? Of => Commit.IsSha(Build.Commit) ? Build.Commit![..7] : Build.Commit;

    public bool IsPending => Build.Status == "pending";

    /// <summary>A sign's name: wait, run, ok, fail, error.</summary>
    public string Sign => Waits is not null ? "wait" : Build.Status switch { "pending" => "run", "succeeded" => "ok", "errored" => "error", _ => "fail" };

    public string Word => Waits is not null ? "Waits" : Build.Status switch { "pending" => Since is null ? "Begins" : "Builds", "succeeded" => "Built", var ended => Words.Stage(ended) };

    /// <summary>Its output while it has not begun: what grows there first says that it has.</summary>
    public string? Awaited => IsPending && Since is null ? Output : null;
}

/// <summary>A push that waits, as pages tell of it.</summary>
/// <param name="By">Who pushes.</param>
public sealed record PushLine(WaitingPush Push, string By, Wait Waits);

/// <summary>Tells of builds, and of pushes before they are. Who asks has been allowed to see the app.</summary>
internal sealed class BuildFacts(BuildTable builds, Builder builder, OpenLogs logs, People people)
{
    /// <summary>Those of an app that no release tells of, newest first.</summary>
    public async Task<ImmutableArray<BuildLine>> UnreleasedAsync(App app, DateTimeOffset before, int most, CancellationToken ct) =>
        await LinesAsync([app], await builds.UnreleasedAsync(app.Id, before, most, ct), ct);

    /// <summary>What each of some apps builds, or will build next, and how many builds wait behind that; those that build nothing are left out.</summary>
    public async Task<ImmutableDictionary<AppId, (BuildLine Line, int Behind)>> NowAsync(IReadOnlyCollection<App> apps, CancellationToken ct)
    {
        var pending = apps.Count == 0 ? [] : await builds.PendingAsync([.. apps.Select(a => a.Id)], ct);
        return (await LinesAsync(apps, pending, ct)).GroupBy(line => line.Build.App).ToImmutableDictionary(
            own => own.Key, own => (own.FirstOrDefault(line => line.Since is not null) ?? own.First(), own.Count() - 1));
    }

    /// <summary>Pushes of an app that wait for the one before them, newest first.</summary>
    public async Task<ImmutableArray<PushLine>> PushesAsync(AppFact app, CancellationToken ct)
    {
        if (app.Pushes.IsEmpty)
            return [];
        var names = await people.NamesAsync(app.Pushes.Select(p => p.User), ct);
        var ahead = app.Building is { } build ? $"The build of {build.Of ?? "an archive"} runs." : app.Going is { } going ? $"v{going.Version} is on its way." : "Another push is just ending.";
        return [.. app.Pushes.Reverse().Select(p => new PushLine(p, names[p.User], Wait.ForPush(ahead)))];
    }

    /// <exception cref="RefusedException">The app has no such build.</exception>
    public async Task<BuildLine> FindAsync(App app, string id, CancellationToken ct)
    {
        var build = (Guid.TryParse(id, out var guid) ? await builds.FindAsync(app.Id, new BuildId(guid), ct) : null) ?? throw Refuse.NotFound("build", id);
        return (await LinesAsync([app], [build], ct))[0];
    }

    /// <summary>The one that led to a release; null when none did.</summary>
    public async Task<BuildLine?> OfReleaseAsync(App app, ReleaseId release, CancellationToken ct) =>
        await builds.OfReleaseAsync(app.Id, release, ct) is { } build ? (await LinesAsync([app], [build], ct))[0] : null;

    private async Task<ImmutableArray<BuildLine>> LinesAsync(IReadOnlyCollection<App> apps, ImmutableArray<Build> all, CancellationToken ct)
    {
        if (all.IsEmpty)
            return [];
        var (names, known) = (await people.NamesAsync(all.Select(b => b.User), ct), apps.ToDictionary(a => a.Id, a => a.Name));
        var waiting = all.Where(b => b.Status == "pending" && builder.RunsSince(b.Id) is null).Select(b => b.App).ToHashSet();
        var queues = waiting.Count == 0 ? [] : (await builds.PendingAsync(waiting, ct)).GroupBy(b => b.App).ToDictionary(own => own.Key, own => own.ToArray());
        return [.. all.Select(b => new BuildLine(b, known[b.App], names[b.User], builder.RunsSince(b.Id), WaitOf(b, known[b.App], queues.GetValueOrDefault(b.App, [])), logs.PathOf(b.Id)))];
    }

    /// <summary>Builds of an app go one after the other, so that the time limits of those before it say when its turn comes at the latest.</summary>
    private Wait? WaitOf(Build build, string app, Build[] queue)
    {
        if (build.Status != "pending" || builder.RunsSince(build.Id) is not null || queue.FirstOrDefault(b => builder.RunsSince(b.Id) is not null) is not { } runs)
            return null;
        var before = queue.Count(b => b.Id != runs.Id && (b.CreatedAt, b.Id.Value).CompareTo((build.CreatedAt, build.Id.Value)) < 0);
        return Wait.ForBuild(app, builder.RunsSince(runs.Id) + ((1 + before) * (BuildLimits.Time + BuildLimits.Grace)));
    }
}
