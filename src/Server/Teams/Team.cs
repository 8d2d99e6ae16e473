using System.Text.RegularExpressions;
using Sluice.Accounts;

namespace Sluice.Teams;

/// <summary>An owner that is several people: apps and pipelines are its own, people have roles in it.</summary>
public sealed partial record Team
{
    /// <summary>Its id as an owner, too.</summary>
    public required AccountId Id { get; init; }

    /// <summary><c>^[a-z][a-z0-9-]{2,29}$</c>; unique.</summary>
    public required string Name { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
    public required DateTimeOffset UpdatedAt { get; init; }

    /// <summary>What the one who asks is in it; null when nothing.</summary>
    public TeamRole? Role { get; init; }

    public string Email => Name + Account.TeamAddress;

    /// <summary><c>acme</c> from <c>acme@herokumanager.com</c>; what is no such address stays as it is.</summary>
    public static string NameOf(string address) =>
        address.EndsWith(Account.TeamAddress, StringComparison.Ordinal) ? address[..^Account.TeamAddress.Length] : address;

    /// <summary>What is wrong with a name, a sentence each; none when it is good.</summary>
    public static IEnumerable<string> NameFaults(string name)
    {
        if (!GoodName().IsMatch(name))
            yield return "A team's name has 3 to 30 characters, starts with a letter, and has only lower-case letters, digits and dashes.";
        else if (name is "apps" or "permissions" or "invitations")
            yield return $"A team cannot be called {name}: the API has that word for something else.";
    }

    [GeneratedRegex(@"\A[a-z][a-z0-9-]{2,29}\z")]
    private static partial Regex GoodName();
}

/// <summary>What someone is in a team, the most first.</summary>
public enum TeamRole
{
    /// <summary>Everything: its people, its apps, its pipelines.</summary>
    Admin,

    /// <summary>Makes apps and pipelines; views, deploys and operates those apps that are not locked.</summary>
    Member,

    /// <summary>Sees what a member sees, and changes nothing.</summary>
    Viewer,

    /// <summary>Only the apps that they were added to.</summary>
    Collaborator,
}

/// <summary>Roles as words.</summary>
public static class TeamRoles
{
    public static string Word(this TeamRole role) => role.ToString().ToLowerInvariant();

    /// <summary>Null for an unknown word. Heroku's <c>owner</c> of a team is our admin.</summary>
    public static TeamRole? Parse(string? word) => word switch
    {
        "admin" or "owner" => TeamRole.Admin,
        "member" => TeamRole.Member,
        "viewer" => TeamRole.Viewer,
        "collaborator" => TeamRole.Collaborator,
        _ => null,
    };

    /// <summary>Whether the role is one of the team itself: collaborators know only their apps.</summary>
    public static bool IsInside(this TeamRole? role) => role is TeamRole.Admin or TeamRole.Member or TeamRole.Viewer;

    /// <summary>Whether one may make, and bring in, apps and pipelines that the team will own.</summary>
    public static bool MayBring(this TeamRole? role) => role is TeamRole.Admin or TeamRole.Member;
}

/// <summary>One person in a team.</summary>
public sealed record Member(AccountId Account, string Email, string? Name, TeamRole Role, DateTimeOffset CreatedAt, DateTimeOffset UpdatedAt);
