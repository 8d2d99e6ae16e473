using System.CommandLine;
using Sluice.Wire;

namespace Sluice.Cli.Commands.Access;

internal sealed class AccessAdd : AppCommand
{
    public static readonly About Is = new("access:add", "Give someone access to an app", "sluice access:add jim@example.com -a shop -p deploy,operate", () => new AccessAdd())
    {
        More = "view: see it. deploy: push and promote to it, roll it back, read its config vars. operate: scale, restart, set config vars. manage: rename, lock, destroy, "
            + "and give access. Without --permissions: view, deploy and operate. Nobody gives what they do not have themselves.",
    };

    private readonly Argument<string> email = Flags.Needed("EMAIL", "address of the account");
    private readonly Option<string?> permissions = new("--permissions", "-p") { Description = "any of view, deploy, operate, manage, with commas between", HelpName = "PERMISSIONS" };

    public AccessAdd() : base(Is)
    {
        Arguments.Add(email);
        Options.Add(permissions);
    }

    public override async Task<ExitCode> RunAsync(Run run, CancellationToken ct)
    {
        var app = await AppAsync(run, ct);
        string[]? wanted = run.Value(permissions) is { } given ? Flags.Names(given) : null;
        var with = wanted is null ? "" : $" with {string.Join(", ", wanted)} permissions";
        await run.Terminal.StepAsync($"Adding {run.Value(email)} access to the app {app}{with}", () => run.Server.PostAsync<AddCollaboratorWire, CollaboratorWire>(
            $"/apps/{Uri.EscapeDataString(app)}/collaborators", new(run.Value(email)!, wanted), ct));
        return ExitCode.Ok;
    }
}
