using System.CommandLine;
using Sluice.Wire;

namespace Sluice.Cli.Commands.Apps;

internal sealed class AppsDestroy : AppCommand
{
    public static readonly About Is = new("apps:destroy", "Delete an app for good, with its releases, config and git repository", "sluice apps:destroy -a shop --confirm shop", () => new AppsDestroy())
    {
        Aliases = ["destroy", "apps:delete"],
    };

    private readonly Argument<string?> named = Flags.Optional("APP", "the app, when --app is not given");
    private readonly Option<string?> confirm = Flags.Confirm("app");

    public AppsDestroy() : base(Is)
    {
        Arguments.Add(named);
        Options.Add(confirm);
    }

    public override async Task<ExitCode> RunAsync(Run run, CancellationToken ct)
    {
        var asked = run.Value(named) ?? await AppAsync(run, ct);
        var app = await run.Server.GetAsync<AppWire>($"/apps/{Uri.EscapeDataString(asked)}", ct);
        await ConfirmAsync(run, app.Name, ct);
        await run.Terminal.StepAsync($"Destroying {app.Name}", () => run.Server.DeleteAsync($"/apps/{app.Id}", ct));
        foreach (var remote in (await run.Git.RemotesAsync(ct)).Where(r => r.AppOn(run.Location.Url) == app.Name))
        {
            await run.Git.RemoveRemoteAsync(remote.Name, ct);
        }

        return ExitCode.Ok;
    }

    private async Task ConfirmAsync(Run run, string app, CancellationToken ct)
    {
        var typed = run.Value(confirm);
        if (typed is null && run.Terminal.CanAsk)
        {
            run.Terminal.Warning($"This destroys {app} with its releases, config and git repository. Slugs that other apps run stay.");
            typed = await run.Terminal.AskAsync($"To go on, type {app}:", ct);
        }

        if (typed is null)
        {
            throw StopException.Usage($"Destroying cannot be undone. Say so with --confirm {app}.");
        }

        if (typed.Trim() != app)
        {
            throw StopException.Usage($"You confirmed \"{typed.Trim()}\", the app is {app}. Nothing was destroyed.");
        }
    }
}
