using System.Collections.Immutable;
using Sluice.Logs;

namespace Sluice.Apps;

/// <summary>How much of one thing an app may have, unless an administrator says otherwise: generous, so that a slip or a loop of one app is not felt by others.</summary>
/// <param name="Name">As it is typed: <c>memory-mb</c>.</param>
/// <param name="What">As a sentence names it after a number.</param>
/// <param name="Lowest">Below it an app could not work at all; 0 where none of it is a sensible wish.</param>
public sealed record Quota(string Name, long Default, string What, long Lowest = 0)
{
    public static readonly Quota Dynos = new("dynos", 200, "dynos, of all process types together");
    public static readonly Quota MemoryMb = new("memory-mb", 256 * 1024, "MB of memory, of all its dynos together");
    public static readonly Quota OneOffs = new("one-offs", 20, "one-off dynos at once");
    public static readonly Quota Builds = new("builds", 20, "builds that wait or run");
    public static readonly Quota RepositoryMb = new("repo-mb", 10 * 1024, "MB of git repository", Lowest: 1);
    public static readonly Quota SlugMb = new("slug-mb", 1024, "MB of files in a slug", Lowest: 1);
    public static readonly Quota LogMb = new("log-mb", AppLogs.DefaultMb, "MB of log on disk", Lowest: 1);
    public static readonly Quota Releases = new("releases", 50, "newest releases whose slug is kept", Lowest: 1);
    public static readonly Quota Domains = new("domains", 1000, "domains");
    public static readonly Quota Drains = new("drains", 5, "log drains");
    public static readonly Quota WebSockets = new("websockets", 10_000, "open WebSockets at once");

    public static readonly ImmutableArray<Quota> All = [Dynos, MemoryMb, OneOffs, Builds, RepositoryMb, SlugMb, LogMb, Releases, Domains, Drains, WebSockets];

    /// <summary>More than that is no limit at all, and would not fit into every sum.</summary>
    public const long Most = 1_000_000_000;

    /// <param name="more">What to do instead, a sentence; empty for nothing.</param>
    public string Sentence(long limit, string more = "") =>
        $"An app may have {limit} {What}. {more}{(more.Length > 0 ? " " : "")}An administrator can change that: sluice quotas:set {Name}=N.";
}
