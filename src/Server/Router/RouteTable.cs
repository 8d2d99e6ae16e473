using System.Collections.Immutable;
using Sluice.Apps;

namespace Sluice.Router;

/// <summary>Where one app's requests go. With <see cref="Targets"/> empty, <see cref="WhenEmpty"/> says which page is shown.</summary>
public sealed record Route
{
    public required AppId App { get; init; }
    public required string Name { get; init; }

    /// <summary>Host names without port, lower case.</summary>
    public required ImmutableArray<string> Hosts { get; init; }
    public required ImmutableArray<Target> Targets { get; init; }

    /// <summary><c>H14</c> no web dynos, <c>H10</c> crashed, <c>H20</c> starting, <c>H80</c> maintenance (then targets do not count).</summary>
    public string WhenEmpty { get; init; } = "H14";
    public bool Maintenance { get; init; }

    /// <summary>Open at once through one router; more are refused.</summary>
    public long MostWebSockets { get; init; } = Quota.WebSockets.Default;
}

/// <summary>One web dyno that accepts.</summary>
public sealed record Target(DynoId Dyno, string Name, string Address, int Port);

/// <summary>The router's whole knowledge, numbered: a router takes a table only if its number is higher than the one it has.</summary>
public sealed record RouteTable(long Number, ImmutableArray<Route> Routes);
