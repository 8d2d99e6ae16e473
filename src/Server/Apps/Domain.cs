namespace Sluice.Apps;

/// <summary>A host name of somebody's own at which an app answers, beside its name under the server's domain.</summary>
public sealed record Domain
{
    public required Guid Id { get; init; }
    public required AppId App { get; init; }

    /// <summary>Lower case, without port; <c>*.example.com</c> answers for every name one step below that nobody has by itself.</summary>
    public required string Hostname { get; init; }

    /// <summary>The certificate that it is served with; null: one of the server's own authority.</summary>
    public Guid? SniEndpoint { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
    public required DateTimeOffset UpdatedAt { get; init; }
}
