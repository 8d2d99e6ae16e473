namespace Sluice.Accounts;

/// <summary>Who is asking: an account, with the request it asks in.</summary>
public sealed record Principal(AccountId Account, string Email, string RequestId)
{
    /// <summary>What the key that was shown may do; the platform itself and the tests of stores may all.</summary>
    public KeyScope Scope { get; init; } = KeyScope.Global;

    /// <summary>Which key was shown; null when none was.</summary>
    public Guid? Key { get; init; }

    /// <summary>May make and close accounts. Says nothing about apps.</summary>
    public bool IsAdministrator { get; init; }
}
