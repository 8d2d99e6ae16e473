namespace Sluice.Accounts;

/// <summary>Who is asking: an account, with the request it asks in.</summary>
public sealed record Principal(AccountId Account, string Email, string RequestId);
