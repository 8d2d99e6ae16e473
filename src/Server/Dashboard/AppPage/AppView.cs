using System.Collections.Immutable;
using Sluice.Apps;
using Sluice.Pipelines;
using Sluice.Releases;
using Sluice.Slugs;

namespace Sluice.Dashboard.AppPage;

/// <summary>The pages of an app.</summary>
public enum AppTab
{
    Overview,
    Activity,
    Resources,
    Deploy,
    Metrics,
    Logs,
    Settings,
    Access,
}

/// <summary>What stands over every page of an app.</summary>
/// <param name="Place">Its stage; null when it is in no pipeline that one may see.</param>
public sealed record AppHeadView(AppFact Fact, Coupling? Place, AppTab Tab)
{
    public string Path => $"/dashboard/apps/{Fact.Name}";
}

/// <summary>One row of the ledger.</summary>
/// <param name="CanRollBack">It succeeded, has a slug that is still kept, and is not what runs.</param>
public sealed record ReleaseLine(Release Release, string By, bool IsCurrent, bool CanRollBack, string? Note);

/// <summary>One row of what an app did: a release, or a build that no release tells of. One of the two is null.</summary>
public sealed record LedgerRow(ReleaseLine? Release, BuildLine? Build)
{
    /// <summary>Rows stand in this order, newest first; what is still to come is newest.</summary>
    public DateTimeOffset At => Release?.Release.CreatedAt ?? (Build!.IsPending ? DateTimeOffset.MaxValue : Build.Build.CreatedAt);
}

/// <param name="Rows">Newest first.</param>
/// <param name="All">How many releases there are.</param>
/// <param name="Before">Older ones have lower versions than this; null when these are the oldest.</param>
public sealed record ReleasesView(AppHeadView Head, ImmutableArray<LedgerRow> Rows, int All, string? WhyNotRollBack, int? Before)
{
    /// <summary>Key of the parts that follow along, as they are on the page.</summary>
    public string Seen { get; init; } = "";

    /// <summary>Shown are those before this version; null for the newest.</summary>
    public int? From { get; init; }

    /// <summary>Pushes whose turn has not come, newest first; with the newest releases only.</summary>
    public ImmutableArray<PushLine> Pushes { get; init; } = [];

    public IEnumerable<ReleaseLine> Lines => Rows.Select(r => r.Release).OfType<ReleaseLine>();
}

/// <summary>One build: how it stands, and what it printed.</summary>
/// <param name="Slug">What it made; null before, and when it failed.</param>
/// <param name="Release">What became of it; null when nothing did, or not yet.</param>
public sealed record BuildView(AppHeadView Head, BuildLine Line, PrintedOutput Output, Slug? Slug, Release? Release)
{
    /// <summary>Key of the parts that follow along, as they are on the page.</summary>
    public string Seen { get; init; } = "";
}

/// <summary>One release: what it is, what its release phase said, and what it changed.</summary>
/// <param name="Since">The version that it is compared with; null for the first with a slug.</param>
public sealed record ReleaseView(
    AppHeadView Head, ReleaseLine Line, Slug? Slug, string? Output, Release? Since, Difference? Difference, string? ConfigWords, string? WhyNotRollBack)
{
    /// <summary>Null when nothing keeps it up.</summary>
    public Shell.Wait? Waits { get; init; }

    /// <summary>What made its slug for this release; null for what was promoted, rolled back or configured.</summary>
    public BuildLine? Build { get; init; }
}

/// <summary>One process type with what it runs.</summary>
public sealed record ProcessView(Formation Row, string Command, Shell.TypeState State);

/// <summary>How code comes to an app, and where it goes from there.</summary>
/// <param name="Upstream">Apps that it may be promoted from.</param>
/// <param name="Downstream">Where it promotes to; null when it is in no pipeline that one may see.</param>
public sealed record DeployView(AppHeadView Head, ImmutableArray<App> Upstream, Downstream? Downstream);

public sealed record ResourcesView(AppHeadView Head, ImmutableArray<ProcessView> Processes, string? WhyNot);

public sealed record OverviewView(AppHeadView Head, ReleasesView Releases, ImmutableArray<ProcessView> Processes, LogView Log, string? WhyNotScale)
{
    /// <summary>Key of the parts that follow along, as they are on the page.</summary>
    public string Seen { get; init; } = "";
}

/// <param name="Last">Number of the newest line, whether it is shown or not: what comes after it follows.</param>
public sealed record LogView(AppHeadView Head, ImmutableArray<Logs.LogLine> Lines, TailFilter Filter, long Last);

/// <param name="Keys">Names of config vars; null when one may not read them.</param>
/// <param name="Shown">The one whose value is shown.</param>
public sealed record SettingsView(
    AppHeadView Head, ImmutableArray<string>? Keys, (string Key, string Value)? Shown, ImmutableArray<Domain> Domains, ImmutableArray<string> Buildpacks, AppTransfer? Offer);

public sealed record AccessView(AppHeadView Head, ImmutableArray<Collaborator> People);
