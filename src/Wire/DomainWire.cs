namespace Sluice.Wire;

/// <summary><c>GET /apps/:app/domains/:domain</c></summary>
public sealed record DomainWire
{
    public required Guid Id { get; init; }
    public required NamedWire App { get; init; }
    public required string Hostname { get; init; }

    /// <summary>heroku for the app's name under the server's domain, custom for the others.</summary>
    public required string Kind { get; init; }

    /// <summary>What DNS should point the name at; null for the server's own.</summary>
    public required string? Cname { get; init; }

    /// <summary>none: there is nothing to wait for.</summary>
    public string Status { get; init; } = "none";

    /// <summary>How far its automatic certificate is: pending, in-progress, cert issued, failing, failed; null when the app has them off.</summary>
    public string? AcmStatus { get; init; }

    /// <summary>What is waited for, or went wrong, and when it goes on.</summary>
    public string? AcmStatusReason { get; init; }
    public NamedWire? SniEndpoint { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
    public required DateTimeOffset UpdatedAt { get; init; }
}

/// <summary>Body of <c>POST /apps/:app/domains</c>.</summary>
public sealed record CreateDomainWire(string Hostname, string? SniEndpoint = null);

/// <summary>Body of <c>PATCH /apps/:app/domains/:domain</c>.</summary>
public sealed record UpdateDomainWire(string? SniEndpoint);

/// <summary>Body of <c>PATCH /apps/:app/acm</c>: what failed is tried again.</summary>
public sealed record RefreshAcmWire(bool AcmRefresh);
