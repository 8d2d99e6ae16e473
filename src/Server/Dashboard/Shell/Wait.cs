using Sluice.Releases;

namespace Sluice.Dashboard.Shell;

/// <summary>What keeps something up, who can end that, and when it goes on at the earliest: three sentences.</summary>
/// <param name="At">The time of day that ends the last sentence; null when none is known.</param>
public sealed record Wait(string Reason, string Who, string Earliest, DateTimeOffset? At = null)
{
    private const string Nobody = "Nobody needs to: it goes on by itself.";

    /// <summary>Releases of an app go one after the other.</summary>
    public static Wait InTurn(string app) => new($"Another release of {app} is on its way. One at a time.", Nobody, "When that release has ended.");

    /// <summary>So do its builds.</summary>
    public static Wait ForBuild(string app, DateTimeOffset? latest) => new($"Another build of {app} runs. One at a time.", Nobody, "When that build has ended, and at the latest at", latest);

    /// <param name="reason">As <see cref="Releaser.WhyItWaitsAsync"/> says it; null when nothing keeps the release up.</param>
    /// <param name="trouble">What keeps all of the app's dynos from starting; null when nothing does.</param>
    public static Wait? Of(string? reason, string? trouble) => reason is null ? null
        : reason == trouble ? new(reason, "Whoever runs this Sluice, should it stay so.", "It is tried again all the time.")
        : new(reason, Nobody, "As soon as that is over.");
}
