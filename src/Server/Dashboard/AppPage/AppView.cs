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
/// <param name="CanRollBack">It succeeded, has a slug, and is not what runs.</param>
public sealed record ReleaseLine(Release Release, string By, bool IsCurrent, bool CanRollBack, string? Note);

public sealed record ReleasesView(AppHeadView Head, ImmutableArray<ReleaseLine> Lines, int All, string? WhyNotRollBack, int? Before);

/// <summary>One release: what it is, what its release phase said, and what it changed.</summary>
/// <param name="Since">The version that it is compared with; null for the first with a slug.</param>
public sealed record ReleaseView(
    AppHeadView Head, ReleaseLine Line, Slug? Slug, string? Output, Release? Since, Difference? Difference, string? ConfigWords, string? WhyNotRollBack)
{
    /// <summary>Null when nothing keeps it up.</summary>
    public Shell.Wait? Waits { get; init; }
}

/// <summary>One process type with what it runs.</summary>
public sealed record ProcessView(Formation Row, string Command, Shell.TypeState State);

public sealed record ResourcesView(AppHeadView Head, ImmutableArray<ProcessView> Processes, string? WhyNot);

public sealed record OverviewView(AppHeadView Head, ImmutableArray<ReleaseLine> Lines, int All, ImmutableArray<ProcessView> Processes, LogView Log, string? WhyNotScale, string? WhyNotRollBack)
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
