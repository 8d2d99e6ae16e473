using System.Collections.Immutable;
using Sluice.Apps;
using Sluice.Runtime;

namespace Sluice.Dynos;

/// <summary>
/// What should run for one app: a value, made from a release and the formation by those who know them.
/// <paramref name="Generation"/> is the release's version. A null <paramref name="Slug"/> means nothing can run yet.
/// </summary>
public sealed record DynoPlan
{
    public required AppId App { get; init; }
    public required string AppName { get; init; }
    public required int Generation { get; init; }
    public required SlugDigest? Slug { get; init; }

    /// <summary>Config vars of the release; the fleet adds PORT and DYNO.</summary>
    public required ImmutableDictionary<string, string> Env { get; init; }
    public required ImmutableArray<PlannedProcess> Processes { get; init; }
    public required ImmutableArray<string> Hosts { get; init; }
    public bool Maintenance { get; init; }
    public long MostWebSockets { get; init; } = Quota.WebSockets.Default;

    /// <summary>What its web dynos are asked while they boot; null when accepting on the port is enough.</summary>
    public HealthCheck? Health { get; init; }
}

public sealed record PlannedProcess(string Type, string Command, int Quantity, string Size);

/// <summary>How a preparation ended.</summary>
public abstract record Prepared
{
    private Prepared() { }

    public sealed record Healthy : Prepared;

    /// <summary>The app's fault: a sentence for the developer.</summary>
    public sealed record Unhealthy(string Why) : Prepared;
}
