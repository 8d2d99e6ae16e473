using System.CommandLine;
using Sluice.Cli.Git;
using Sluice.Wire;

namespace Sluice.Cli.Commands.Apps;

internal sealed class AppsRename : AppCommand
{
    public static readonly About Is = new("apps:rename", "Give an app another name; its address and git remote follow", "sluice apps:rename boutique -a shop", () => new AppsRename()) { Aliases = ["rename"] };

    private readonly Argument<string> name = Flags.Needed("NAME", "the new name");
    private readonly Option<bool> json = Flags.Json();

    public AppsRename() : base(Is)
    {
        Arguments.Add(name);
        Options.Add(json);
    }

    public override async Task<ExitCode> RunAsync(Run run, CancellationToken ct)
    {
        var old = await AppAsync(run, ct);
        var wanted = run.Value(name)!;
        var app = await run.Terminal.StepAsync($"Renaming {old} to {wanted}", () => run.Server.PatchAsync<UpdateAppWire, AppWire>(
            $"/apps/{Uri.EscapeDataString(old)}", new(Name: wanted), ct));
        foreach (var remote in (await run.Git.RemotesAsync(ct)).Where(r => r.AppOn(run.Location.Url) == old))
        {
            await run.Git.SetRemoteAsync(remote.Name, AppRemote.UrlOf(run.Location, app.Name), ct);
            run.Terminal.Note($"Git remote {remote.Name} updated.");
        }

        if (run.Value(json))
        {
            run.Json(app);
        }
        else
        {
            run.Terminal.Line($"{app.WebUrl} | {AppRemote.UrlOf(run.Location, app.Name)}");
        }

        return ExitCode.Ok;
    }
}
