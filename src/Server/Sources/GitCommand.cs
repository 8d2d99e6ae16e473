using System.Collections.Immutable;
using Sluice.Runtime;

namespace Sluice.Sources;

/// <summary>
/// git commands as values. Each runs with an environment of ours alone and every setting given by it, so that neither the machine's nor a
/// user's configuration nor what stands in a repository decides anything. Refs are full names after <c>--end-of-options</c>.
/// </summary>
internal static class GitCommand
{
    /// <summary>Sha, tree, subject, author, mail and time of a commit, each closed by NUL (with <c>-z</c>).</summary>
    public const string Format = "--format=%H%x00%T%x00%s%x00%an%x00%ae%x00%at";

    /// <summary>A pack may have this much; a slug may have as much content.</summary>
    public const long MaxInputBytes = 1L << 30;

    private static readonly ImmutableArray<(string Key, string Value)> Settings =
    [
        ("safe.directory", "*"),            // the repository's owner need not be who runs this (tests, a restore)
        ("receive.fsckObjects", "true"),    // git takes malformed trees unless told to look
        ("transfer.fsckObjects", "true"),
        ("receive.maxInputSize", MaxInputBytes.ToString()),
        ("receive.autogc", "false"),        // else it runs inside someone's push
        ("gc.auto", "0"),
        ("receive.denyDeleteCurrent", "ignore"), // our hook says it better
        ("receive.advertisePushOptions", "false"),
        ("transfer.hideRefs", "refs/slugs"),
        ("core.fsync", "committed,reference"), // loose objects too: what was pushed survives a power cut
        ("core.fsyncMethod", "batch"),
        ("pack.threads", "1"),
        ("pack.windowMemory", "64m"),
        ("core.bigFileThreshold", "16m"),
        ("http.receivepack", "true"),
        ("protocol.allow", "never"),
        ("protocol.file.allow", "always"),
    ];

    private static readonly ImmutableDictionary<string, string> Env = Settings
        .SelectMany((setting, n) => new[] { KeyValuePair.Create($"GIT_CONFIG_KEY_{n}", setting.Key), KeyValuePair.Create($"GIT_CONFIG_VALUE_{n}", setting.Value) })
        .Append(KeyValuePair.Create("GIT_CONFIG_NOSYSTEM", "1"))
        .Append(KeyValuePair.Create("GIT_CONFIG_GLOBAL", "/dev/null"))
        .Append(KeyValuePair.Create("GIT_TERMINAL_PROMPT", "0"))
        .Append(KeyValuePair.Create("HOME", "/nonexistent"))
        .Append(KeyValuePair.Create("LC_ALL", "C.UTF-8"))
        .ToImmutableDictionary();

    /// <summary>git in one repository, with settings of the caller's own beside ours.</summary>
    public static Command In(string repository, IEnumerable<string> args, params ReadOnlySpan<(string Key, string Value)> more)
    {
        var env = Env;
        var count = Settings.Length;
        foreach (var (key, value) in more)
        {
            env = env.SetItem($"GIT_CONFIG_KEY_{count}", key).SetItem($"GIT_CONFIG_VALUE_{count}", value);
            count++;
        }
        return new Command("git", [.. args]) { Env = env.SetItem("GIT_CONFIG_COUNT", count.ToString()).SetItem("GIT_DIR", repository), WorkingDirectory = "/" };
    }

    public static Command Show(string repository, string sha) =>
        In(repository, ["log", "-z", "--no-walk", "--no-show-signature", Format, "--end-of-options", sha, "--"]);

    /// <summary>At most 1000, newest first: those of <paramref name="to"/> that <paramref name="from"/> lacks.</summary>
    public static Command Log(string repository, string from, string to) =>
        In(repository, ["log", "-z", "--max-count=1000", "--no-show-signature", Format, "--end-of-options", to, $"^{from}", "--"]);

    /// <summary>The same by what commits change, for a history that was rewritten.</summary>
    public static Command LogByPatch(string repository, string from, string to) =>
        In(repository, ["log", "-z", "--max-count=1000", "--no-show-signature", "--cherry-pick", "--right-only", "--no-merges", Format, "--end-of-options", $"{from}...{to}", "--"]);

    public static Command IsAncestor(string repository, string from, string to) =>
        In(repository, ["merge-base", "--is-ancestor", "--end-of-options", from, to]);

    public static Command Archive(string repository, string sha) =>
        In(repository, ["archive", "--format=tar", sha]);

    /// <summary>Every path of a commit's tree, each closed by NUL. Sizes are left out: asking for them opens every object.</summary>
    public static Command Tree(string repository, string sha) =>
        In(repository, ["ls-tree", "-r", "-z", "--name-only", "--full-tree", sha]);

    public static Command SetRef(string repository, string name, string sha) =>
        In(repository, ["update-ref", "--end-of-options", name, sha]);

    public static Command ReadRef(string repository, string name) =>
        In(repository, ["rev-parse", "--quiet", "--verify", "--end-of-options", name]);

    public static Command Fetch(string repository, string from, string name) =>
        In(repository, ["fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--end-of-options", from, $"+{name}:{name}"]);
}
