namespace Sluice.Accounts;

/// <summary>A person (or a machine) with an address and keys. The first one, made on first start, is <see cref="Admin"/>.</summary>
public sealed record Account
{
    /// <summary>Address of the account that a new data folder starts with.</summary>
    public const string Admin = "admin@localhost";

    /// <summary>How the address of a team ends, by which clients know that an owner is a team; what is before it is the team's name.</summary>
    public const string TeamAddress = "@herokumanager.com";

    public required AccountId Id { get; init; }

    /// <summary>Lower case; unique.</summary>
    public required string Email { get; init; }
    public string? Name { get; init; }

    /// <summary>May make and close accounts. Says nothing about apps.</summary>
    public bool IsAdministrator { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
    public required DateTimeOffset UpdatedAt { get; init; }
}
