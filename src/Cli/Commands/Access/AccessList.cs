using System.CommandLine;
using Sluice.Cli.Output;
using Sluice.Wire;

namespace Sluice.Cli.Commands.Access;

internal sealed class AccessList : AppCommand
{
    public static readonly About Is = new("access", "Show who has access to an app, and what they may do", "sluice access -a shop", () => new AccessList());

    private readonly Option<bool> json = Flags.Json();

    public AccessList() : base(Is)
    {
        Options.Add(json);
    }

    public override async Task<ExitCode> RunAsync(Run run, CancellationToken ct)
    {
        var named = Uri.EscapeDataString(await AppAsync(run, ct));
        var people = await run.Server.ListAsync<CollaboratorWire>($"/apps/{named}/collaborators", ct);
        if (run.Value(json))
        {
            run.Json(people);
            return ExitCode.Ok;
        }

        var table = new Table("email", "role", "permissions");
        foreach (var one in people.OrderBy(p => p.User.Email, StringComparer.Ordinal))
        {
            table.Add(one.User.Email, one.Role ?? "collaborator", string.Join(", ", one.Permissions.Select(p => p.Name)));
        }

        var app = await run.Server.GetAsync<AppWire>($"/apps/{named}", ct);
        foreach (var member in await MembersAsync(run, app, ct))
        {
            if (people.All(p => p.User.Email != member.Email) && ByRole(member.Role, app.Locked) is { } permissions)
            {
                table.Add(member.Email, member.Role, permissions);
            }
        }

        table.Print(run.Terminal);
        return ExitCode.Ok;
    }

    /// <summary>Those whose role in the team lets them in; only its members may ask who that is.</summary>
    private static async Task<IReadOnlyList<TeamMemberWire>> MembersAsync(Run run, AppWire app, CancellationToken ct)
    {
        if (app.Team is not { } team)
        {
            return [];
        }

        try
        {
            return await run.Server.ListAsync<TeamMemberWire>($"/teams/{team.Id}/members", ct);
        }
        catch (SluiceException refused) when (refused.Status is 403 or 404)
        {
            run.Terminal.Note($"Who is in team {team.Name} is told to its members only.");
            return [];
        }
    }

    /// <summary>What a role in the team allows on its apps; null when nothing.</summary>
    private static string? ByRole(string role, bool isLocked) => (role, isLocked) switch
    {
        ("admin", _) => "view, deploy, operate, manage",
        ("member", false) => "view, deploy, operate",
        ("viewer", false) => "view",
        _ => null,
    };
}
