namespace Sluice.Apps;

/// <summary>An app: a name, an owner, config vars, a formation and a ledger of releases.</summary>
public sealed record App
{
    public required AppId Id { get; init; }

    /// <summary><c>^[a-z][a-z0-9-]{1,28}[a-z0-9]$</c>; also its host name under the domain.</summary>
    public required string Name { get; init; }
    public required AccountId Owner { get; init; }

    /// <summary>Of a person, or of a team (<c>acme@herokumanager.com</c>).</summary>
    public required string OwnerEmail { get; init; }

    /// <summary>Name of the team that owns it; null when a person does.</summary>
    public string? Team => Teams.Team.NameOf(OwnerEmail) is var name && name != OwnerEmail ? name : null;

    /// <summary>Of a team's app: open only to those who were added to it, and to admins.</summary>
    public bool IsLocked { get; init; }
    public required string Stack { get; init; }
    public required bool Maintenance { get; init; }

    /// <summary>Its domains get their certificates by themselves (<c>certs:auto</c>).</summary>
    public bool HasAutomaticCertificates { get; init; }
    public DateTimeOffset? ReleasedAt { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
    public required DateTimeOffset UpdatedAt { get; init; }
}
