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
        var app = Uri.EscapeDataString(await AppAsync(run, ct));
        var people = await run.Server.ListAsync<CollaboratorWire>($"/apps/{app}/collaborators", ct);
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

        table.Print(run.Terminal);
        return ExitCode.Ok;
    }
}
