using System.CommandLine;
using Sluice.Wire;

namespace Sluice.Cli.Commands.Access;

internal sealed class AccessUpdate : AppCommand
{
    public static readonly About Is = new("access:update", "Change what someone may do with an app", "sluice access:update jim@example.com -a shop -p deploy", () => new AccessUpdate());

    private readonly Argument<string> email = Flags.Needed("EMAIL", "address of the account");
    private readonly Option<string?> permissions = new("--permissions", "-p") { Description = "any of view, deploy, operate, manage, with commas between", HelpName = "PERMISSIONS" };

    public AccessUpdate() : base(Is)
    {
        permissions.Required = true;
        Arguments.Add(email);
        Options.Add(permissions);
    }

    public override async Task<ExitCode> RunAsync(Run run, CancellationToken ct)
    {
        var app = await AppAsync(run, ct);
        var wanted = Flags.Names(run.Value(permissions));
        await run.Terminal.StepAsync($"Updating {run.Value(email)} in application {app} with {string.Join(", ", wanted)} permissions", () =>
            run.Server.PatchAsync<UpdateCollaboratorWire, CollaboratorWire>(
                $"/apps/{Uri.EscapeDataString(app)}/collaborators/{Uri.EscapeDataString(run.Value(email)!)}", new(wanted), ct));
        return ExitCode.Ok;
    }
}
