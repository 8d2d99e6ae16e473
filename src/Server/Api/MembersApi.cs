using Sluice.Accounts;
using Sluice.Apps;
using Sluice.Teams;
using Sluice.Wire;

namespace Sluice.Api;

/// <summary>Who is what in a team. Those inside see it; admins change it; anybody may leave.</summary>
internal static class MembersApi
{
    private static readonly Key<Member>[] Keys = [new("email", member => member.Email), new("id", member => member.Account.ToString())];

    public static void MapMembers(this IEndpointRouteBuilder api)
    {
        api.MapGet("/teams/{team}/members", List).AskedInside(Permission.View);
        foreach (var method in new[] { "PUT", "POST" })
            api.MapMethods("/teams/{team}/members", [method], Put).AskedInside(Permission.Own).ReachingAccess();
        api.MapPatch("/teams/{team}/members", Change).AskedInside(Permission.Own).ReachingAccess();
        api.MapDelete("/teams/{team}/members/{email}", Remove).AskedInside(Permission.Own).ReachingAccess();
        api.MapGet("/teams/{team}/invitations", Invitations).AskedInside(Permission.View);
        api.MapPut("/teams/{team}/invitations", Invite).AskedInside(Permission.Own).ReachingAccess();
        api.MapDelete("/teams/{team}/invitations/{email}", Revoke).AskedInside(Permission.Own).ReachingAccess();
    }

    private static async Task<IReadOnlyList<TeamMemberWire>> List(HttpContext http, string team, Principal who, TeamTable teams, CancellationToken ct)
    {
        var found = await teams.GetAsync(team, TeamRole.Viewer, who, ct);
        return Page.Of(http, await teams.MembersAsync(found, ct), ToWire, Keys);
    }

    private static async Task<TeamMemberWire> Put(string team, RequestBody body, Principal who, TeamTable teams, CancellationToken ct) =>
        ToWire(await PutAsync(team, body, mustBeIn: false, who, teams, ct));

    private static async Task<TeamMemberWire> Change(string team, RequestBody body, Principal who, TeamTable teams, CancellationToken ct) =>
        ToWire(await PutAsync(team, body, mustBeIn: true, who, teams, ct));

    private static async Task<Member> PutAsync(string team, RequestBody body, bool mustBeIn, Principal who, TeamTable teams, CancellationToken ct)
    {
        var found = await teams.GetAsync(team, TeamRole.Admin, who, ct);
        var (email, word) = (body.Reference("user") ?? body.NeedText("email"), body.Text("role") ?? "member");
        var role = TeamRoles.Parse(word);
        if (role is null)
            body.Fault($"There is no role {(word.Length <= 60 ? word : word[..57] + "...")}; there are admin, member, viewer and collaborator.");
        body.RefuseFaults();
        return await teams.PutAsync(found, email, role!.Value, mustBeIn, who, ct);
    }

    private static async Task<TeamMemberWire> Remove(string team, string email, Principal who, TeamTable teams, AccountTable accounts, CancellationToken ct)
    {
        var leaves = (await accounts.FindAsync(email, ct))?.Id == who.Account;
        var found = await teams.GetAsync(team, leaves ? TeamRole.Collaborator : TeamRole.Admin, who, ct);
        return ToWire(await teams.RemoveAsync(found, email, who, ct));
    }

    /// <summary>None ever waits: who has an account is in at once.</summary>
    private static async Task<IReadOnlyList<TeamInvitationWire>> Invitations(string team, Principal who, TeamTable teams, CancellationToken ct)
    {
        await teams.GetAsync(team, TeamRole.Viewer, who, ct);
        return [];
    }

    private static async Task<TeamInvitationWire> Invite(string team, RequestBody body, Principal who, TeamTable teams, CancellationToken ct)
    {
        var member = await PutAsync(team, body, mustBeIn: false, who, teams, ct);
        var found = await teams.GetAsync(team, TeamRole.Viewer, who, ct);
        return new TeamInvitationWire
        {
            Id = member.Account.Value,
            InvitedBy = new PersonWire(who.Account.Value, who.Email, null),
            Team = new NamedWire(found.Id.Value, found.Name),
            Role = member.Role.Word(),
            User = new PersonWire(member.Account.Value, member.Email, member.Name),
            CreatedAt = member.CreatedAt,
            UpdatedAt = member.UpdatedAt,
        };
    }

    private static async Task<TeamInvitationWire> Revoke(string team, string email, Principal who, TeamTable teams, CancellationToken ct)
    {
        await teams.GetAsync(team, TeamRole.Admin, who, ct);
        throw Refuse.NotFound("invitation", email);
    }

    private static TeamMemberWire ToWire(Member member) => new()
    {
        Id = member.Account.Value,
        Email = member.Email,
        Role = member.Role.Word(),
        User = new PersonWire(member.Account.Value, member.Email, member.Name),
        CreatedAt = member.CreatedAt,
        UpdatedAt = member.UpdatedAt,
    };
}
