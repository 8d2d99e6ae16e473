using Sluice.Accounts;
using Sluice.Storage;
using Sluice.Teams;

namespace Sluice.Apps;

/// <summary>How someone stands to an app or a pipeline: the facts that <see cref="Access"/> decides by.</summary>
/// <param name="IsOwner">It belongs to this very person.</param>
/// <param name="Role">What they are in the team that owns it; null when nothing, or when a person owns it.</param>
/// <param name="IsLocked">An app that is open only to those who were added to it.</param>
/// <param name="Added">What they were given on it by name.</param>
public sealed record Standing(bool IsOwner, TeamRole? Role, bool IsLocked, PermissionSet Added);

/// <summary>The one place that says who may do what. What is not allowed here is refused everywhere.</summary>
public static class Access
{
    private static readonly PermissionSet Everything = PermissionSet.All | PermissionSet.Of(Permission.Own);
    private static readonly PermissionSet Work = PermissionSet.Of(Permission.View, Permission.Deploy, Permission.Operate);
    private static readonly PermissionSet Look = PermissionSet.Of(Permission.View);

    /// <summary>What one may do to an app.</summary>
    public static PermissionSet OnApp(Standing one) => one switch
    {
        { IsOwner: true } or { Role: TeamRole.Admin } => Everything,
        { IsLocked: true } => one.Added,
        { Role: TeamRole.Member } => one.Added | Work,
        { Role: TeamRole.Viewer } => one.Added | Look,
        _ => one.Added,
    };

    /// <summary>What one may do to a pipeline. Deploying is asked of apps, never of a pipeline.</summary>
    /// <param name="seesAnApp">There is an app in it that one may view: then one sees the pipeline, and of its apps those.</param>
    public static PermissionSet OnPipeline(bool isOwner, TeamRole? role, bool seesAnApp) => (isOwner, role) switch
    {
        (true, _) or (_, TeamRole.Admin) => Everything,
        (_, TeamRole.Member) => Work,
        (_, TeamRole.Viewer) => Look,
        _ => seesAnApp ? Look : PermissionSet.None,
    };

    /// <summary>Refuses what is not granted, by a sentence that says who can give it. What one may not even see does not exist for one.</summary>
    /// <param name="owner">Address of the person or the team that it belongs to.</param>
    public static void Demand(PermissionSet granted, Permission wanted, string what, string name, string owner)
    {
        if (WhyNot(granted, wanted, what, name, owner) is { } refused)
            throw refused;
    }

    /// <summary>The refusal itself; null when it is granted.</summary>
    public static RefusedException? WhyNot(PermissionSet granted, Permission wanted, string what, string name, string owner)
    {
        if (granted.Has(wanted))
            return null;
        if (!granted.Has(Permission.View))
            return Refuse.NotFound(what, name);
        var team = Team.NameOf(owner);
        var giver = team == owner ? $"its owner {owner}" : $"an admin of team {team}";
        return Refuse.Forbidden(wanted == Permission.Own
            ? $"Only {giver} may hand over {what} {name}."
            : $"You may not {wanted.Word()} {what} {name}. Ask {giver} for the {wanted.Word()} permission.");
    }

    /// <summary>For a query over <c>pipelines</c>: true for those that <see cref="OnPipeline"/> lets one own.</summary>
    public static Sql OwnsPipeline(Principal who) => Sql.Part(
        $"""
        (pipelines.owner_id = {who.Account}
          OR EXISTS (SELECT 1 FROM team_members own_m WHERE own_m.team_id = pipelines.owner_id AND own_m.account_id = {who.Account} AND own_m.role = 'admin'))
        """);

    /// <summary>For a query over <c>apps</c>: true for those that <see cref="OnApp"/> lets one view.</summary>
    public static Sql SeesApp(Principal who) => Sql.Part(
        $"""
        (apps.owner_id = {who.Account}
          OR EXISTS (SELECT 1 FROM team_members seen_m WHERE seen_m.team_id = apps.owner_id AND seen_m.account_id = {who.Account}
                        AND (seen_m.role = 'admin' OR (apps.locked = 0 AND seen_m.role IN ('member', 'viewer'))))
          OR EXISTS (SELECT 1 FROM collaborators seen_c WHERE seen_c.app_id = apps.id AND seen_c.account_id = {who.Account}))
        """);
}
