using System.CommandLine;
using Sluice.Wire;

namespace Sluice.Cli.Commands.Releases;

internal sealed class Rollback : AppCommand
{
    public static readonly About Is = new("rollback", "Bring back the slug and the config of an earlier release", "sluice rollback v2 -a shop", () => new Rollback())
    {
        Aliases = ["releases:rollback"],
        More = "Makes a new release; nothing is built. Without a version, the release before the current one comes back.\n"
            + "What an app keeps elsewhere, such as a database, stays as it is.",
    };

    private readonly Argument<string?> version = Flags.Optional("RELEASE", "version to bring back, like v2");
    private readonly Option<bool> json = Flags.Json();

    public Rollback() : base(Is)
    {
        Arguments.Add(version);
        Options.Add(json);
    }

    public override async Task<ExitCode> RunAsync(Run run, CancellationToken ct)
    {
        var app = await AppAsync(run, ct);
        var old = run.Value(version) is { } named ? await Ledger.FindAsync(run, app, named, ct) : await BeforeCurrentAsync(run, app, ct);
        var made = await run.Terminal.StepAsync($"Rolling back {app} to v{old.Version}", async () => await SettledAsync(run, app, await run.Server.PostAsync<CreateReleaseWire, ReleaseWire>(
            Ledger.Path(app), new(Release: old.Id.ToString()), ct), ct), release => $"v{release.Version}");
        if (run.Value(json))
        {
            run.Json(made);
        }

        return ExitCode.Ok;
    }

    /// <summary>The release that a rollback undoes is the current one: what ran before it is the next that succeeded and has a slug.</summary>
    private static async Task<ReleaseWire> BeforeCurrentAsync(Run run, string app, CancellationToken ct)
    {
        var releases = await Ledger.NewestAsync(run, app, 50, ct);
        return releases.SkipWhile(r => !r.Current).Skip(1).FirstOrDefault(r => r.EligibleForRollback)
            ?? throw StopException.Refused($"{app} has no earlier release to go back to.");
    }

    private static async Task<ReleaseWire> SettledAsync(Run run, string app, ReleaseWire release, CancellationToken ct)
    {
        release = await Ledger.SettledAsync(run, app, release, ct);
        return release.Status is "failed"
            ? throw StopException.Failed($"The rollback, v{release.Version}, failed; what ran before still runs. See: sluice releases:output v{release.Version} -a {app}, sluice logs -a {app}")
            : release;
    }
}
