namespace Sluice.Cli.Commands.Buildpacks;

internal sealed class BuildpacksClear : AppCommand
{
    public static readonly About Is = new("buildpacks:clear", "Remove all buildpacks set on an app", "sluice buildpacks:clear -a shop-staging", () => new BuildpacksClear());

    public BuildpacksClear() : base(Is)
    {
    }

    public override async Task<ExitCode> RunAsync(Run run, CancellationToken ct)
    {
        await InstalledBuildpacks.ReplaceAsync(run, await AppAsync(run, ct), [], ct);
        return ExitCode.Ok;
    }
}
