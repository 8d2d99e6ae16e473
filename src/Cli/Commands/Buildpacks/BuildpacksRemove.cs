using System.CommandLine;

namespace Sluice.Cli.Commands.Buildpacks;

internal sealed class BuildpacksRemove : AppCommand
{
    public static readonly About Is = new("buildpacks:remove", "Remove a buildpack from those of an app", "sluice buildpacks:remove heroku/python -a shop-staging", () => new BuildpacksRemove());

    private readonly Argument<string?> buildpack = Flags.Optional("BUILDPACK", "as the list shows it");
    private readonly Option<int?> index = new("--index", "-i") { Description = "place in the list, from 1", HelpName = "N" };

    public BuildpacksRemove() : base(Is)
    {
        Arguments.Add(buildpack);
        Options.Add(index);
    }

    public override async Task<ExitCode> RunAsync(Run run, CancellationToken ct)
    {
        var app = await AppAsync(run, ct);
        var all = (await InstalledBuildpacks.ReadAsync(run, app, ct)).ToList();
        var at = run.Value(index) is { } place ? place - 1
            : run.Value(buildpack) is { } named ? all.IndexOf(named)
            : throw StopException.Usage("Which buildpack? Name it, or give its place by --index.");
        if (at < 0 || at >= all.Count)
        {
            throw StopException.Usage($"{app} has no such buildpack. It has: {(all.Count == 0 ? "none" : string.Join(", ", all))}");
        }

        all.RemoveAt(at);
        await InstalledBuildpacks.ReplaceAsync(run, app, [.. all], ct);
        return ExitCode.Ok;
    }
}
