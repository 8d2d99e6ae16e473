using System.CommandLine;

namespace Sluice.Cli.Commands.Buildpacks;

internal sealed class BuildpacksSet : AppCommand
{
    public static readonly About Is = new("buildpacks:set", "Set the buildpack of an app, or the one at a place in its list", "sluice buildpacks:set heroku/nodejs -a shop-staging", () => new BuildpacksSet());

    private readonly Argument<string> buildpack = Flags.Needed("BUILDPACK", "name (heroku/nodejs), git address or archive address");
    private readonly Option<int?> index = new("--index", "-i") { Description = "place in the list, from 1", HelpName = "N" };

    public BuildpacksSet() : base(Is)
    {
        Arguments.Add(buildpack);
        Options.Add(index);
    }

    public override async Task<ExitCode> RunAsync(Run run, CancellationToken ct)
    {
        var app = await AppAsync(run, ct);
        var all = (await InstalledBuildpacks.ReadAsync(run, app, ct)).ToList();
        var at = InstalledBuildpacks.At(run.Value(index) ?? 1, app, [.. all], last: all.Count + 1);
        if (at == all.Count)
        {
            all.Add(run.Value(buildpack)!);
        }
        else
        {
            all[at] = run.Value(buildpack)!;
        }

        await InstalledBuildpacks.ReplaceAsync(run, app, [.. all], ct);
        return ExitCode.Ok;
    }
}
