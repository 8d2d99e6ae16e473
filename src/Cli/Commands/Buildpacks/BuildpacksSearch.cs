using System.CommandLine;
using Sluice.Cli.Output;
using Sluice.Wire;

namespace Sluice.Cli.Commands.Buildpacks;

internal sealed class BuildpacksSearch : CliCommand
{
    public static readonly About Is = new("buildpacks:search", "Look for a buildpack among those that come with the server", "sluice buildpacks:search python", () => new BuildpacksSearch());

    private readonly Argument<string?> term = Flags.Optional("TERM", "a word of the name or the description");
    private readonly Option<string?> names = new("--name") { Description = "exactly these names", HelpName = "NAME,..." };
    private readonly Option<string?> namespaces = new("--namespace") { Description = "exactly these namespaces", HelpName = "NAME,..." };
    private readonly Option<string?> description = new("--description") { Description = "a word of the description", HelpName = "TEXT" };

    public BuildpacksSearch() : base(Is)
    {
        Arguments.Add(term);
        Options.Add(names);
        Options.Add(namespaces);
        Options.Add(description);
    }

    public override async Task<ExitCode> RunAsync(Run run, CancellationToken ct)
    {
        string[] query =
        [
            .. Flags.Names(run.Value(names)).Select(n => $"in[name][]={Uri.EscapeDataString(n)}"),
            .. Flags.Names(run.Value(namespaces)).Select(n => $"in[namespace][]={Uri.EscapeDataString(n)}"),
            .. run.Value(description) is { } like ? [$"like[description]={Uri.EscapeDataString(like)}"] : Array.Empty<string>(),
        ];
        var all = await run.Server.ListAsync<RegistryBuildpackWire>("/buildpacks" + (query.Length == 0 ? "" : "?" + string.Join('&', query)), ct);
        RegistryBuildpackWire[] found =
        [
            .. all.Where(b => run.Value(term) is not { } word || $"{b.Namespace}/{b.Name} {b.Description}".Contains(word, StringComparison.OrdinalIgnoreCase)),
        ];
        var table = new Table("Buildpack", "Category", "Description");
        foreach (var buildpack in found)
        {
            table.Add($"{buildpack.Namespace}/{buildpack.Name}", buildpack.Category, buildpack.Description);
        }

        if (found.Length > 0)
        {
            table.Print(run.Terminal);
        }

        run.Terminal.Note(found.Length == 0 ? "No buildpacks found" : $"{Words.Count(found.Length, "buildpack")} found");
        return ExitCode.Ok;
    }
}
