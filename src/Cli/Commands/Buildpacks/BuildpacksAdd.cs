using System.CommandLine;

namespace Sluice.Cli.Commands.Buildpacks;

internal sealed class BuildpacksAdd : AppCommand
{
    public static readonly About Is = new("buildpacks:add", "Add a buildpack to those of an app, last unless told where", "sluice buildpacks:add heroku/python -a shop-staging", () => new BuildpacksAdd());

    private readonly Argument<string> buildpack = Flags.Needed("BUILDPACK", "name (heroku/nodejs), git address or archive address");
    private readonly Option<int?> index = new("--index", "-i") { Description = "place in the list, from 1", HelpName = "N" };

    public BuildpacksAdd() : base(Is)
    {
        Arguments.Add(buildpack);
        Options.Add(index);
    }

    public override async Task<ExitCode> RunAsync(Run run, CancellationToken ct)
    {
        var app = await AppAsync(run, ct);
        var all = (await InstalledBuildpacks.ReadAsync(run, app, ct)).ToList();
        all.Insert(InstalledBuildpacks.At(run.Value(index) ?? all.Count + 1, app, [.. all], last: all.Count + 1), run.Value(buildpack)!);
        await InstalledBuildpacks.ReplaceAsync(run, app, [.. all], ct);
        return ExitCode.Ok;
    }
}
