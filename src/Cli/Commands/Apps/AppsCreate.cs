using System.CommandLine;
using Sluice.Cli.Git;
using Sluice.Wire;

namespace Sluice.Cli.Commands.Apps;

internal sealed class AppsCreate : CliCommand
{
    public static readonly About Is = new("apps:create", "Make an app, and a git remote for it when this is a git folder", "sluice create shop-staging", () => new AppsCreate())
    {
        Aliases = ["create"],
        More = "Names are lower-case letters, digits and dashes, and begin with a letter; without one the server makes one up.",
    };

    private readonly Argument<string?> name = Flags.Optional("NAME", "name of the app");
    private readonly Option<string> remote = new("--remote", "-r") { Description = "name of the git remote", HelpName = "REMOTE", DefaultValueFactory = _ => AppRemote.DefaultName };
    private readonly Option<bool> noRemote = new("--no-remote", "-n") { Description = "leave the git folder alone" };
    private readonly Option<string[]> buildpacks = new("--buildpack", "-b") { Description = "buildpack to use, by name or address; may be given again", HelpName = "BUILDPACK" };
    private readonly Option<string?> team = Flags.Team();
    private readonly Option<bool> locked = new("--locked") { Description = "of a team: open only to those who are added to it" };
    private readonly Option<bool> json = Flags.Json();

    public AppsCreate() : base(Is)
    {
        Arguments.Add(name);
        Options.Add(remote);
        Options.Add(noRemote);
        Options.Add(buildpacks);
        Options.Add(team);
        Options.Add(locked);
        Options.Add(json);
    }

    public override async Task<ExitCode> RunAsync(Run run, CancellationToken ct)
    {
        var app = await run.Terminal.StepAsync(
            $"Creating {run.Value(name) ?? "app"}", () => run.Server.PostAsync<CreateAppWire, AppWire>("/apps", Wanted(run), ct), a => run.Value(name) is null ? a.Name : null);
        if (run.Value(buildpacks) is { Length: > 0 } chosen)
        {
            await Buildpacks.InstalledBuildpacks.ReplaceAsync(run, app.Name, chosen, ct);
        }

        var git = run.Value(noRemote) ? null : await AppRemote.AddAsync(run, app.Name, run.Value(remote)!, ct);
        if (run.Value(json))
        {
            run.Json(app);
        }
        else
        {
            run.Terminal.Line($"{app.WebUrl} | {AppRemote.UrlOf(run.Location, app.Name)}");
        }

        if (git is not null)
        {
            run.Terminal.Note($"Push with: git push {git} main");
        }

        return ExitCode.Ok;
    }

    private CreateAppWire Wanted(Run run) => new(
        run.Value(name), Team: run.Value(team) ?? run.Surroundings.Variable("SLUICE_TEAM"), Locked: run.Value(locked) ? true : null);
}
