using Sluice.Wire;

namespace Sluice.Cli.Commands.Releases;

internal sealed class ReleasesRetry : AppCommand
{
    public static readonly About Is = new("releases:retry", "Release the newest slug once more, to run its release command again", "sluice releases:retry -a shop", () => new ReleasesRetry())
    {
        More = "Makes a new release of the same slug with the config of now. The app must have a release command (the process type release).",
    };

    public ReleasesRetry() : base(Is)
    {
    }

    public override async Task<ExitCode> RunAsync(Run run, CancellationToken ct)
    {
        var app = await AppAsync(run, ct);
        var newest = await Ledger.FindAsync(run, app, null, ct);
        // The slug's own word: the formation is that of the release that runs, and the newest may have failed.
        if (newest.Slug is not { } slug || !(await run.Server.GetAsync<SlugWire>($"/apps/{Uri.EscapeDataString(app)}/slugs/{slug.Id}", ct)).ProcessTypes.ContainsKey("release"))
        {
            throw StopException.Refused($"v{newest.Version} of {app} has no release command: add a process type release to its Procfile.");
        }

        var retry = await run.Terminal.StepAsync(
            $"Retrying v{newest.Version} on {app}",
            () => run.Server.PostAsync<CreateReleaseWire, ReleaseWire>(
                Ledger.Path(app), new(Slug: slug.Id.ToString(), Description: $"Retry of v{newest.Version}: {newest.Description}"), ct),
            made => $"v{made.Version}");
        run.Terminal.Note("Running release command...");
        await Ledger.StreamOutputAsync(run, retry, run.Terminal.Line, ct);
        return (await Ledger.SettledAsync(run, app, retry, ct)).Status is "failed"
            ? throw StopException.Failed($"The retry, v{retry.Version}, failed; what ran before still runs. See: sluice releases:output v{retry.Version} -a {app}")
            : ExitCode.Ok;
    }
}
