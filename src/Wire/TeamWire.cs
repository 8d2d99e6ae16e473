using System.Text.Json.Serialization;

namespace Sluice.Wire;

/// <summary><c>GET /teams</c></summary>
public sealed record TeamWire
{
    public required Guid Id { get; init; }
    public required string Name { get; init; }

    /// <summary>What the one who asks is in it: admin, member, viewer, collaborator.</summary>
    public required string? Role { get; init; }
    public string Type { get; init; } = "team";
    public bool CreditCardCollections { get; init; }
    public bool Default { get; init; }
    public NamedWire? EnterpriseAccount { get; init; }
    public NamedWire? IdentityProvider { get; init; }
    public int? MembershipLimit { get; init; }
    public bool ProvisionedLicenses { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
    public required DateTimeOffset UpdatedAt { get; init; }
}

/// <summary>Body of <c>POST /teams</c>, <c>PATCH /teams/:team</c>.</summary>
public sealed record NameTeamWire(string Name);

/// <summary><c>GET /teams/:team/members</c></summary>
public sealed record TeamMemberWire
{
    public required Guid Id { get; init; }
    public required string Email { get; init; }
    public bool Federated { get; init; }

    /// <summary>admin, member, viewer, collaborator.</summary>
    public required string Role { get; init; }
    public bool TwoFactorAuthentication { get; init; }
    public required PersonWire User { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
    public required DateTimeOffset UpdatedAt { get; init; }
}

public sealed record PersonWire(Guid Id, string Email, string? Name);

/// <summary>Body of <c>PUT</c> and <c>PATCH /teams/:team/members</c>.</summary>
public sealed record PutMemberWire(string Email, string Role);

/// <summary><c>PUT /teams/:team/invitations</c></summary>
public sealed record TeamInvitationWire
{
    public required Guid Id { get; init; }
    public required PersonWire InvitedBy { get; init; }
    public required NamedWire Team { get; init; }
    public required string Role { get; init; }
    public required PersonWire User { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
    public required DateTimeOffset UpdatedAt { get; init; }
}

/// <summary>Body of <c>POST /apps/:app/collaborators</c> and its team form. Without permissions: the usual ones.</summary>
public sealed record AddCollaboratorWire(
    string User, [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] IReadOnlyList<string>? Permissions = null);

/// <summary>Body of <c>PATCH /teams/apps/:app/collaborators/:email</c>.</summary>
public sealed record UpdateCollaboratorWire(IReadOnlyList<string> Permissions);

/// <summary>Body of <c>PATCH /teams/apps/:app</c>; null leaves a member as it is.</summary>
public sealed record UpdateTeamAppWire(
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] bool? Locked = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Owner = null);

/// <summary>Body of <c>POST /accounts</c>. Ours, not Heroku's.</summary>
public sealed record CreateAccountWire(string Email, string? Name = null, bool Administrator = false);

/// <summary><c>GET /accounts</c>. Ours, not Heroku's.</summary>
public sealed record KnownAccountWire
{
    public required Guid Id { get; init; }
    public required string Email { get; init; }
    public required string? Name { get; init; }
    public required bool Administrator { get; init; }

    /// <summary>Its first key, in the answer that made it; null ever after.</summary>
    public string? ApiKey { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
    public required DateTimeOffset UpdatedAt { get; init; }
}

/// <summary><c>GET /secret-key</c> and <c>POST /secret-key/actions/rotate</c>: what seals secrets at rest; never a key itself. Ours, not Heroku's.</summary>
public sealed record SecretKeyWire
{
    /// <summary>Counts the data keys that there were.</summary>
    public required int Number { get; init; }

    /// <summary>Values that are still sealed with a former data key; 0 when a rotation is through.</summary>
    public required long Waiting { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }
}
