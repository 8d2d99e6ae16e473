namespace Sluice.Wire;

/// <summary><c>GET /oauth/authorizations/:id</c>: a key, its text only when it is made or rotated.</summary>
public sealed record AuthorizationWire
{
    public required Guid Id { get; init; }

    /// <summary>Null for keys of which not even the end is known.</summary>
    public required AccessTokenWire? AccessToken { get; init; }
    public NamedWire? Client { get; init; }
    public required string Description { get; init; }
    public IdWire? Grant { get; init; }
    public IdWire? RefreshToken { get; init; }

    /// <summary>global, identity, read, write, read-protected, write-protected.</summary>
    public required IReadOnlyList<string> Scope { get; init; }

    /// <summary>For a key that a login made; null otherwise.</summary>
    public required IdWire? Session { get; init; }
    public required AuthorizedUserWire User { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
    public required DateTimeOffset UpdatedAt { get; init; }
}

/// <param name="Token">The key itself once, later with ten stars in its middle.</param>
/// <param name="ExpiresIn">Seconds from now; null for ever.</param>
public sealed record AccessTokenWire(Guid Id, string Token, long? ExpiresIn);

public sealed record AuthorizedUserWire(Guid Id, string Email, string? FullName);

/// <summary>Body of <c>POST /oauth/authorizations</c>. <paramref name="ExpiresIn"/> in seconds.</summary>
public sealed record CreateAuthorizationWire(string? Description = null, IReadOnlyList<string>? Scope = null, long? ExpiresIn = null);

/// <summary>Body of <c>PATCH /oauth/authorizations/:id</c>.</summary>
public sealed record UpdateAuthorizationWire(string Description);

/// <summary><c>GET /oauth/sessions</c>: a key that a login made.</summary>
public sealed record SessionWire
{
    public required Guid Id { get; init; }
    public required string Description { get; init; }

    /// <summary>Seconds from now; null for ever.</summary>
    public required long? ExpiresIn { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
    public required DateTimeOffset UpdatedAt { get; init; }
}

/// <summary><c>GET /account/keys</c></summary>
public sealed record SshKeyWire
{
    public required Guid Id { get; init; }
    public required string Comment { get; init; }

    /// <summary>Address of the account.</summary>
    public required string Email { get; init; }
    public required string Fingerprint { get; init; }
    public required string PublicKey { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
    public required DateTimeOffset UpdatedAt { get; init; }
}

/// <summary>Body of <c>POST /account/keys</c>.</summary>
public sealed record CreateSshKeyWire(string PublicKey);

/// <summary>Body of <c>PATCH /account/features/:feature</c> and <c>PATCH /apps/:app/features/:feature</c>.</summary>
public sealed record UpdateFeatureWire(bool Enabled);
