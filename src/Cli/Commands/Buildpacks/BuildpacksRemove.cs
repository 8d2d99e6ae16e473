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
        var at = (run.Value(index), run.Value(buildpack)) switch
        {
            ({ } place, null) => InstalledBuildpacks.At(place, app, [.. all], last: all.Count),
            (null, { } named) => all.IndexOf(named),
            (null, null) => throw StopException.Usage("Which buildpack? Name it, or give its place by --index."),
            _ => throw StopException.Usage("Name the buildpack or give its place by --index, not both."),
        };
        if (at < 0)
        {
            throw StopException.Refused($"{app} has no such buildpack. It has: {(all.Count == 0 ? "none" : string.Join(", ", all))}");
        }

        all.RemoveAt(at);
        await InstalledBuildpacks.ReplaceAsync(run, app, [.. all], ct);
        return ExitCode.Ok;
    }
}
