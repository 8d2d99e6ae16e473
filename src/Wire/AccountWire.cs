namespace Sluice.Wire;

/// <summary><c>GET /account</c>, <c>GET /users/~</c></summary>
public sealed record AccountWire
{
    public required Guid Id { get; init; }
    public required string Email { get; init; }
    public required string? Name { get; init; }
    public bool AllowTracking { get; init; }
    public bool Beta { get; init; }
    public string? CountryOfResidence { get; init; }
    public NamedWire? DefaultOrganization { get; init; }
    public NamedWire? DefaultTeam { get; init; }
    public DateTimeOffset? DelinquentAt { get; init; }
    public bool Federated { get; init; }
    public NamedWire? IdentityProvider { get; init; }
    public DateTimeOffset? LastLogin { get; init; }
    public string? SmsNumber { get; init; }
    public DateTimeOffset? SuspendedAt { get; init; }
    public bool TwoFactorAuthentication { get; init; }
    public bool Verified { get; init; } = true;
    public required DateTimeOffset CreatedAt { get; init; }
    public required DateTimeOffset UpdatedAt { get; init; }
}

/// <summary><c>GET /account/features</c>, <c>GET /apps/:app/features</c></summary>
public sealed record FeatureWire
{
    public required Guid Id { get; init; }
    public required string Name { get; init; }
    public required string DisplayName { get; init; }
    public required string Description { get; init; }
    public required string DocUrl { get; init; }
    public required string FeedbackEmail { get; init; }
    public required bool Enabled { get; init; }
    public required string State { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
    public required DateTimeOffset UpdatedAt { get; init; }
}

/// <summary><c>GET /apps/:app/collaborators</c></summary>
public sealed record CollaboratorWire
{
    public required Guid Id { get; init; }
    public required NamedWire App { get; init; }
    public required CollaboratingUserWire User { get; init; }

    /// <summary>owner, admin, collaborator, member.</summary>
    public required string? Role { get; init; }
    public required IReadOnlyList<PermissionWire> Permissions { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
    public required DateTimeOffset UpdatedAt { get; init; }
}

public sealed record CollaboratingUserWire(Guid Id, string Email, bool Federated);

public sealed record PermissionWire(string Name, string Description);
