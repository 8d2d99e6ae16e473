using System.Collections.Immutable;

namespace Sluice.Releases;

/// <summary>Why a release exists, word for word as people know it from Heroku. A slug without a commit leaves the sha out.</summary>
public static class Descriptions
{
    public const string Initial = "Initial release";

    /// <summary>Of a release whose slug was built on another machine, or before an upgrade of this one.</summary>
    public const string OtherPackages = "This slug was built when the machine had other packages. If it does not run here, build it again.";

    public static string Deploy(string? commit) => Join("Deploy", Short(commit));

    /// <summary><c>Promote shop-staging v6 0f0a53b</c></summary>
    public static string Promote(string sourceApp, int sourceVersion, string? commit) => Join($"Promote {sourceApp} v{sourceVersion}", Short(commit));

    public static string RollBack(int version) => $"Rollback to v{version}";

    /// <summary><c>Set FOO, BAR config vars</c>, <c>Remove FOO config vars</c>; both at once: <c>Set FOO config vars, remove BAR config vars</c>.</summary>
    public static string Config(ImmutableArray<string> set, ImmutableArray<string> removed) => (set.IsEmpty, removed.IsEmpty) switch
    {
        (_, true) => $"Set {Names(set)} config vars",
        (true, _) => $"Remove {Names(removed)} config vars",
        _ => $"Set {Names(set)} config vars, remove {Names(removed)} config vars",
    };

    private static string Names(ImmutableArray<string> names) => string.Join(", ", names);

    internal static string? Short(string? commit) => commit is { Length: > 7 } ? commit[..7] : commit;

    private static string Join(string what, string? sha) => string.IsNullOrEmpty(sha) ? what : $"{what} {sha}";
}
