using System.Text.Json.Serialization;

namespace Sluice.Wire;

/// <summary><c>GET /apps/:app/sni-endpoints/:endpoint</c>: a certificate of somebody's own.</summary>
public sealed record SniEndpointWire
{
    public required Guid Id { get; init; }
    public required string Name { get; init; }
    public string? DisplayName { get; init; }
    public required NamedWire App { get; init; }
    public required string CertificateChain { get; init; }

    /// <summary>Ids of the domains that are served with it.</summary>
    public required IReadOnlyList<Guid> Domains { get; init; }
    public required SslCertWire SslCert { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
    public required DateTimeOffset UpdatedAt { get; init; }
}

/// <summary>What the certificate says of itself.</summary>
public sealed record SslCertWire
{
    public required Guid Id { get; init; }

    /// <summary>Host names, maybe with a star for the first part.</summary>
    public required IReadOnlyList<string> CertDomains { get; init; }
    public required string Subject { get; init; }
    public required string Issuer { get; init; }
    public required DateTimeOffset StartsAt { get; init; }
    public required DateTimeOffset ExpiresAt { get; init; }

    /// <summary>An authority that the server's machine trusts has signed it.</summary>
    [JsonPropertyName("ca_signed?")]
    public required bool IsCaSigned { get; init; }

    [JsonPropertyName("self_signed?")]
    public required bool IsSelfSigned { get; init; }

    /// <summary>It came by itself and is renewed so. False: it was uploaded, and nobody renews it but you.</summary>
    public bool Acm { get; init; }
}

/// <summary>Body of <c>POST</c> and <c>PATCH</c>; both in PEM form.</summary>
public sealed record PutSniEndpointWire(string CertificateChain, string PrivateKey);
