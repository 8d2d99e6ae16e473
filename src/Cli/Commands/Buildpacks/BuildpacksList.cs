namespace Sluice.Cli.Commands.Buildpacks;

internal sealed class BuildpacksList : AppCommand
{
    public static readonly About Is = new("buildpacks", "List the buildpacks set on an app", "sluice buildpacks -a shop-staging", () => new BuildpacksList());

    public BuildpacksList() : base(Is)
    {
    }

    public override async Task<ExitCode> RunAsync(Run run, CancellationToken ct)
    {
        var app = await AppAsync(run, ct);
        var buildpacks = await InstalledBuildpacks.ReadAsync(run, app, ct);
        if (buildpacks.Length == 0)
        {
            run.Terminal.Note($"{app} has no buildpacks set: each push finds out by itself which one fits.");
        }

        for (var i = 0; i < buildpacks.Length; i++)
        {
            run.Terminal.Line(buildpacks.Length == 1 ? buildpacks[i] : $"{i + 1}. {buildpacks[i]}");
        }

        return ExitCode.Ok;
    }
}
