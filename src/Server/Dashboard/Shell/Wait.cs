using System.Collections.Immutable;
using Sluice.Dynos;
using Sluice.Releases;

namespace Sluice.Dashboard.Shell;

/// <summary>What keeps something up, who can end that, and when it goes on at the earliest: three sentences.</summary>
/// <param name="At">The time of day that ends the last sentence; null when none is known.</param>
/// <param name="Runs">It is at work, and waits for nobody else.</param>
public sealed record Wait(string Reason, string Who, string Earliest, DateTimeOffset? At = null, bool Runs = false)
{
    private const string Nobody = "Nobody needs to: it goes on by itself.";

    /// <summary>Releases of an app go one after the other.</summary>
    /// <param name="ahead">The one on its way; null when it has just ended.</param>
    public static Wait InTurn(string app, Release? ahead) => Until(ahead is null ? null : LatestOf(ahead), $"Another release of {app} is on its way. One at a time.", "When that release has ended");

    /// <summary>So do its builds.</summary>
    public static Wait ForBuild(string app, DateTimeOffset? latest) => Until(latest, $"Another build of {app} runs. One at a time.", "When that build has ended");

    /// <summary>And its pushes, from their first byte to their release.</summary>
    /// <param name="ahead">What the push before it does, a sentence.</param>
    public static Wait ForPush(string ahead) => Until(null, $"{ahead} One push at a time.", "When that has ended");

    /// <param name="reason">As <see cref="Releaser.WhyItWaitsAsync"/> says it; null when nothing keeps the release up.</param>
    /// <param name="trouble">What keeps all of the app's dynos from starting; null when nothing does.</param>
    /// <param name="others">Those that it is decided together with, and that have not ended.</param>
    public static Wait? Of(Release release, string? reason, string? trouble, ImmutableArray<Release> others) => reason switch
    {
        null when release is { IsTerminal: false, Step: "phase" } => new("Its release command runs.", Nobody, "When that has ended; it is stopped at", release.UpdatedAt + ReleasePhase.Limit, Runs: true),
        null => null,
        _ when reason == trouble => new(reason, "Whoever runs this Sluice, should it stay so.", "It is tried again all the time."),
        _ => Until(others.All(o => o.Step == "ready" || LatestOf(o) is not null) ? others.Max(LatestOf) : null, reason, "As soon as that is over"),
    };

    private static Wait Until(DateTimeOffset? latest, string reason, string earliest) => new(reason, Nobody, latest is null ? earliest + "." : earliest + ", and at the latest at", latest);

    /// <summary>When the time limits of a release's command and of its dynos' boot have passed; null while neither has begun, or both are over.</summary>
    private static DateTimeOffset? LatestOf(Release release) => release.Step switch
    {
        "phase" => release.UpdatedAt + ReleasePhase.Limit + AppDynos.BootLimit,
        "boot" => release.UpdatedAt + AppDynos.BootLimit,
        _ => null,
    };
}
