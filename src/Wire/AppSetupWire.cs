namespace Sluice.Wire;

/// <summary><c>POST /app-setups</c>, <c>GET /app-setups/:setup</c></summary>
public sealed record AppSetupWire
{
    public required Guid Id { get; init; }
    public required NamedWire App { get; init; }

    /// <summary>Null until it began.</summary>
    public required SetupBuildWire? Build { get; init; }

    /// <summary>pending, succeeded, failed.</summary>
    public required string Status { get; init; }
    public required string? FailureMessage { get; init; }

    /// <summary>Always empty: faults of app.json are refused before anything is made.</summary>
    public IReadOnlyList<string> ManifestErrors { get; init; } = [];
    public PostdeployWire? Postdeploy { get; init; }
    public required string? ResolvedSuccessUrl { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
    public required DateTimeOffset UpdatedAt { get; init; }
}

/// <param name="Status">pending, succeeded, failed.</param>
public sealed record SetupBuildWire(Guid Id, string Status, string OutputStreamUrl);

/// <summary>Of a script that runs after the first deploy; there are none here.</summary>
public sealed record PostdeployWire(int ExitCode, string Output);
