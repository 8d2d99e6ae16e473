using System.CommandLine;
using System.Text;
using Sluice.Cli.Output;
using Sluice.Wire;

namespace Sluice.Cli.Commands.Buildpacks;

internal sealed class BuildpacksInfo : CliCommand
{
    public static readonly About Is = new("buildpacks:info", "Say what a buildpack of the server does", "sluice buildpacks:info heroku/nodejs", () => new BuildpacksInfo());

    private readonly Argument<string> named = Flags.Needed("BUILDPACK", "name, like heroku/nodejs");
    private readonly Option<bool> json = Flags.Json();

    public BuildpacksInfo() : base(Is)
    {
        Arguments.Add(named);
        Options.Add(json);
    }

    public override async Task<ExitCode> RunAsync(Run run, CancellationToken ct)
    {
        var path = "/buildpacks/" + Uri.EscapeDataString(run.Value(named)!);
        var buildpack = await run.Server.GetAsync<RegistryBuildpackWire>(path, ct);
        if (run.Value(json))
        {
            run.Json(buildpack);
            return ExitCode.Ok;
        }

        var readme = await run.Server.GetAsync<RegistryReadmeWire>(path + "/readme", ct);
        run.Terminal.Heading(run.Value(named)!);
        var table = new Table();
        table.Add("description:", buildpack.Description);
        table.Add("category:", buildpack.Category);
        table.Add("support:", buildpack.Support.Address);
        table.Add("readme:", Encoding.UTF8.GetString(Convert.FromBase64String(readme.Content)).Trim());
        table.Print(run.Terminal);
        return ExitCode.Ok;
    }
}
