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

    /// <summary>The same with the side that it is on before it.</summary>
    private const string SidedFormat = "--format=%m%x00%H%x00%T%x00%s%x00%an%x00%ae%x00%at";

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
        ("transfer.hideRefs", "refs/sources"),
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

    /// <summary>Newest first: those of <paramref name="to"/> that <paramref name="from"/> lacks.</summary>
    public static Command Log(string repository, string from, string to, int most) =>
        In(repository, ["log", "-z", $"--max-count={most}", "--no-show-signature", Format, "--end-of-options", to, $"^{from}", "--"]);

    /// <summary>Newest first, with all before it.</summary>
    public static Command LogAll(string repository, string sha, int most) =>
        In(repository, ["log", "-z", $"--max-count={most}", "--no-show-signature", Format, "--end-of-options", sha, "--"]);

    /// <summary>What each has that the other lacks and that changes something else, newest first, each with its side before it (&lt; is <paramref name="from"/>), merges left out.</summary>
    public static Command LogApart(string repository, string from, string to) =>
        In(repository, ["log", "-z", "--left-right", "--cherry-pick", "--no-merges", "--no-show-signature", SidedFormat, "--end-of-options", $"{from}...{to}", "--"]);

    /// <summary>Each commit that one has and the other lacks, newest first, one a line: its side (&lt; is <paramref name="from"/>), its sha, its parents'. Fails when a commit is not there.</summary>
    public static Command WalkApart(string repository, string from, string to) =>
        In(repository, ["rev-list", "--left-right", "--parents", "--end-of-options", $"{from}...{to}", "--"]);

    /// <summary>The objects that its input names, as they are.</summary>
    public static Command Read(string repository) => In(repository, ["cat-file", "--batch", "--buffer"]);

    /// <summary>The commits that its input names, in that order.</summary>
    public static Command Tell(string repository) => In(repository, ["log", "-z", "--no-walk=unsorted", "--stdin", "--no-show-signature", Format]);

    public static Command CountAll(string repository, string sha) => In(repository, ["rev-list", "--count", "--end-of-options", sha, "--"]);

    /// <param name="under">A folder that all files are put into, with a slash at its end; or empty.</param>
    public static Command Archive(string repository, string sha, string under) =>
        In(repository, ["archive", "--format=tar", $"--prefix={under}", sha]);

    /// <summary>Every path of a commit's tree, each closed by NUL. Sizes are left out: asking for them opens every object.</summary>
    public static Command Tree(string repository, string sha) =>
        In(repository, ["ls-tree", "-r", "-z", "--name-only", "--full-tree", sha]);

    public static Command SetRef(string repository, string name, string sha) =>
        In(repository, ["update-ref", "--end-of-options", name, sha]);

    /// <summary>What a ref names, by its full name and by no expression: <c>refs/heads/main~1</c> is no ref. Fails when there is none.</summary>
    public static Command ReadRef(string repository, string name) =>
        In(repository, ["show-ref", "--verify", "--hash", "--end-of-options", name]);

    /// <summary>Loose objects and small packs into larger packs; <paramref name="isWhole"/>: all into one, and what nothing names into one aside, until it is two weeks old.</summary>
    public static Command Repack(string repository, bool isWhole) =>
        Gently(In(repository, ["repack", "-d", "-l", "-q", .. isWhole ? ["-a", "--cruft", "--cruft-expiration=2.weeks.ago"] : (string[])["--geometric=2"]]));

    /// <summary>Notes parents and dates of commits where walks find them without reading the commits.</summary>
    public static Command WriteGraph(string repository) => Gently(In(repository, ["commit-graph", "write", "--reachable", "--split", "--no-progress"]));

    public static Command Fetch(string repository, string from, string name) =>
        In(repository, ["fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--end-of-options", from, $"+{name}:{name}"]);

    /// <summary>Takes a commit that no ref there need name, and keeps it under <paramref name="name"/>.</summary>
    public static Command FetchCommit(string repository, string from, string sha, string name) =>
        In(repository, ["fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--end-of-options", from, $"+{sha}:{name}"], ("uploadpack.allowAnySHA1InWant", "true"));

    /// <summary>After everyone else on the machine.</summary>
    private static Command Gently(Command command) => command with { File = "nice", Args = ["-n", "19", command.File, .. command.Args] };
}
