using System.CommandLine;
using System.Text.Json.Nodes;
using Sluice.Cli.Output;

namespace Sluice.Cli.Commands.Own;

internal sealed class CommandsList : CliCommand
{
    public static readonly About Is = new("commands", "List every command and its other names", "sluice commands", () => new CommandsList());

    private readonly Option<bool> json = Flags.Json();

    public CommandsList() : base(Is) => Options.Add(json);

    public override Task<ExitCode> RunAsync(Run run, CancellationToken ct)
    {
        var all = Catalog.All.Where(a => !a.Hidden).OrderBy(a => a.Name, StringComparer.Ordinal);
        if (run.Value(json))
        {
            run.Print(new JsonArray([.. all.Select(a => (JsonNode)new JsonObject
            {
                ["id"] = a.Name, ["summary"] = a.Summary, ["example"] = a.Example, ["aliases"] = new JsonArray([.. a.Aliases.Select(n => (JsonNode)n)]),
            })]));
            return Task.FromResult(ExitCode.Ok);
        }

        var table = new Table();
        foreach (var about in all)
        {
            table.Add(about.Name, string.Join(", ", about.Aliases), about.Summary);
        }

        table.Print(run.Terminal);
        return Task.FromResult(ExitCode.Ok);
    }
}
