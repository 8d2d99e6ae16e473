using System.CommandLine;
using Sluice.Cli.Output;
using Sluice.Wire;

namespace Sluice.Cli.Commands.Buildpacks;

internal sealed class BuildpacksVersions : CliCommand
{
    public static readonly About Is = new("buildpacks:versions", "List the versions of a buildpack: the server has one of each", "sluice buildpacks:versions heroku/nodejs", () => new BuildpacksVersions());

    private readonly Argument<string> named = Flags.Needed("BUILDPACK", "name, like heroku/nodejs");

    public BuildpacksVersions() : base(Is) => Arguments.Add(named);

    public override async Task<ExitCode> RunAsync(Run run, CancellationToken ct)
    {
        var versions = await run.Server.ListAsync<RegistryRevisionWire>($"/buildpacks/{Uri.EscapeDataString(run.Value(named)!)}/revisions", ct);
        var table = new Table("Version", "Released At", "Status");
        foreach (var version in versions.OrderByDescending(v => v.Release))
        {
            table.Add($"{version.Release}", $"{version.CreatedAt:yyyy-MM-dd}", version.Status);
        }

        table.Print(run.Terminal);
        return ExitCode.Ok;
    }
}
