using Sluice.Wire;

namespace Sluice.Cli.Commands.Apps;

internal sealed class AppsJoin : AppCommand
{
    public static readonly About Is = new("apps:join", "Add yourself to an app of your team", "sluice apps:join -a shop", () => new AppsJoin()) { Aliases = ["join"] };

    public AppsJoin() : base(Is)
    {
    }

    public override async Task<ExitCode> RunAsync(Run run, CancellationToken ct)
    {
        var app = await AppAsync(run, ct);
        var path = $"/teams/apps/{Uri.EscapeDataString(app)}";
        var me = await run.Server.GetAsync<AccountWire>("/account", ct);
        await run.Terminal.StepAsync($"Joining {app}", () => run.Server.PostAsync<AddCollaboratorWire, CollaboratorWire>($"{path}/collaborators", new(me.Email), ct));
        return ExitCode.Ok;
    }
}
