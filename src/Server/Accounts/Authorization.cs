namespace Sluice.Accounts;

/// <summary>One key as its owner sees it later: what it is for and may do, but never its text.</summary>
public sealed record Authorization
{
    public required Guid Id { get; init; }
    public required AccountId Account { get; init; }
    public required string Description { get; init; }
    public required KeyScope Scope { get; init; }

    /// <summary>Its last four characters; empty for keys of before these were kept.</summary>
    public required string Hint { get; init; }

    /// <summary>Made by a login with address and password: a session, which logging out ends.</summary>
    public required bool IsLogin { get; init; }
    public required DateTimeOffset? ExpiresAt { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
    public required DateTimeOffset UpdatedAt { get; init; }

    /// <summary><c>sluice_**********wxyz</c>; null when not even its end is known. Clients know it by the ten stars.</summary>
    public string? Masked => Hint.Length == 0 ? null : ApiKey.Prefix + "**********" + Hint;
}
