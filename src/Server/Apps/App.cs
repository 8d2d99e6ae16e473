namespace Sluice.Apps;

/// <summary>An app: a name, an owner, config vars, a formation and a ledger of releases.</summary>
public sealed record App
{
    public required AppId Id { get; init; }

    /// <summary><c>^[a-z][a-z0-9-]{1,28}[a-z0-9]$</c>; also its host name under the domain.</summary>
    public required string Name { get; init; }
    public required AccountId Owner { get; init; }
    public required string OwnerEmail { get; init; }
    public required string Stack { get; init; }
    public required bool Maintenance { get; init; }
    public DateTimeOffset? ReleasedAt { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
    public required DateTimeOffset UpdatedAt { get; init; }
}

/// <summary>What a caller wants to do to an app; each includes those before it.</summary>
public enum Permission
{
    View,
    Deploy,
    Operate,
    Manage,
}
