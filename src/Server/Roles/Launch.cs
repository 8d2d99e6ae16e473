using System.Collections;
using System.Collections.Immutable;
using Sluice.Runtime;

namespace Sluice.Roles;

/// <summary>
/// How each role is started: which user, which descriptors, which part of our environment. A value made by pure code. The program is found through PATH, so
/// that the process list shows <c>sluice ROLE …</c> whatever folder it runs from.
/// </summary>
internal sealed record Launch
{
    public const string Server = "server", Router = "router", Agent = "agent";

    /// <summary>In the order of their start: the one that takes longest first.</summary>
    public static readonly ImmutableArray<string> Roles = [Server, Agent, Router];

    public required string Binaries { get; init; }
    public required UpOptions Options { get; init; }

    /// <summary>The user of server and router; null when <c>up</c> does not run as root: then all run as whoever that is.</summary>
    public required SystemUser? User { get; init; }

    /// <summary>Descriptors of the port's sockets.</summary>
    public required ImmutableArray<int> Sockets { get; init; }

    /// <summary>Descriptors of the companion proxy's socket; empty without one.</summary>
    public ImmutableArray<int> Companion { get; init; } = [];
    public required ImmutableDictionary<string, string> Environment { get; init; }

    public SpawnSpec Of(string role)
    {
        ImmutableArray<string> sluice = ["sluice", role, .. Options.ToFlags(), .. role == Router ? RouterFlags() : []];
        var drop = User is not null && role != Agent;
        return new SpawnSpec
        {
            File = drop ? SetPriv : Path.Combine(Binaries, "sluice"),
            Args = drop
                ? ["setpriv", $"--reuid={User!.Uid}", $"--regid={User.Gid}", "--clear-groups", "--inh-caps=-all", "--bounding-set=-all", "--no-new-privs", "--", .. sluice]
                : sluice,
            Env = WithCollector(EnvironmentOf(role)).SetItem("PATH", $"{Binaries}:{Environment.GetValueOrDefault("PATH", Shell.Path)}").SetItem("HOME", Options.Data.Root),
            Descriptors = [(1, 1), (2, 2), .. role == Router ? Sockets.AddRange(Companion).Zip(Targets(0, Sockets.Length + Companion.Length)) : []],
            WorkingDirectory = Options.Data.Root,
        };
    }

    /// <summary>Of our own environment what the roles may know; nothing else passes.</summary>
    public static ImmutableDictionary<string, string> Passing(IDictionary ours, string runtimeRoot) =>
        ours.Cast<DictionaryEntry>().Select(e => ((string)e.Key, (string)(e.Value ?? "")))
            .Where(e => e.Item1 is "PATH" or "LANG" or "TZ" || e.Item1.StartsWith("SLUICE_", StringComparison.Ordinal)
                || e.Item1.StartsWith("DOTNET_", StringComparison.Ordinal) || e.Item1.StartsWith("OTEL_", StringComparison.Ordinal))
            .ToImmutableDictionary(e => e.Item1, e => e.Item2)
            .SetItem("DOTNET_ROOT", runtimeRoot)
            .SetItem("DOTNET_NOLOGO", "1");

    /// <summary>The database's address holds a password: only the server asks the database.</summary>
    private ImmutableDictionary<string, string> EnvironmentOf(string role) => role == Server ? Environment : Environment.Remove("SLUICE_DATABASE_URL");

    /// <summary>A collector's standard port for HTTP is not its default protocol in every library: we say which.</summary>
    private ImmutableDictionary<string, string> WithCollector(ImmutableDictionary<string, string> env)
    {
        if (Options.Otlp is { } collector)
            env = env.SetItem(Telemetry.Endpoint, collector.OriginalString);
        return env.ContainsKey(Telemetry.Endpoint) && !env.ContainsKey(Telemetry.Protocol) ? env.SetItem(Telemetry.Protocol, "http/protobuf") : env;
    }

    private const string SetPriv = "/usr/bin/setpriv";

    private IEnumerable<string> RouterFlags() =>
    [
        "--sockets", string.Join(',', Targets(0, Sockets.Length)),
        .. Companion.IsEmpty ? [] : new[] { "--companion", string.Join(',', Targets(Sockets.Length, Companion.Length)) },
    ];

    /// <summary>Which descriptors the router finds them at: 3, 4, …</summary>
    private static IEnumerable<int> Targets(int skip, int count) => Enumerable.Range(3 + skip, count);
}
