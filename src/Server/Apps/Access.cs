using Sluice.Accounts;

namespace Sluice.Apps;

/// <summary>The one place that says who may do what. What is not allowed here is refused everywhere.</summary>
public static class Access
{
    /// <summary>The owner may do everything, nobody else anything.</summary>
    public static bool Allows(Principal who, AccountId owner, Permission wanted) => who.Account == owner && wanted <= Permission.Manage;

    /// <summary>Refuses whom <see cref="Allows"/> does not let in. What one may not even see does not exist for one.</summary>
    public static void Demand(Principal who, AccountId owner, Permission wanted, string what, string name)
    {
        if (Allows(who, owner, wanted))
            return;
        if (!Allows(who, owner, Permission.View))
            throw Refuse.NotFound(what, name);
        throw Refuse.Forbidden($"You may not {wanted.ToString().ToLowerInvariant()} {what} {name}. Ask its owner for the {wanted.ToString().ToLowerInvariant()} permission.");
    }
}
