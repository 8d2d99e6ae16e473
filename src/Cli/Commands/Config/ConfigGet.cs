using System.CommandLine;
using System.Text.Json.Nodes;
using Sluice.Cli.Output;

namespace Sluice.Cli.Commands.Config;

internal sealed class ConfigGet : AppCommand
{
    public static readonly About Is = new("config:get", "Print the value of config vars", "sluice config:get GREETING -a shop", () => new ConfigGet());

    private readonly Argument<string[]> names = new("NAME") { Description = "config var", Arity = ArgumentArity.OneOrMore };
    private readonly Option<bool> shell = new("--shell", "-s") { Description = "as NAME=value lines for a shell" };

    private readonly Option<bool> json = Flags.Json();

    public ConfigGet() : base(Is)
    {
        Arguments.Add(names);
        Options.Add(shell);
        Options.Add(json);
    }

    public override async Task<ExitCode> RunAsync(Run run, CancellationToken ct)
    {
        var vars = await ConfigVars.ReadAsync(run, await AppAsync(run, ct), ct);
        if (run.Value(json))
        {
            PrintJson(run, vars, run.Value(names)!);
            return ExitCode.Ok;
        }

        foreach (var name in run.Value(names)!)
        {
            var value = vars.GetValueOrDefault(name, "");
            run.Terminal.Line(run.Value(shell) ? $"{name}={Shell.Quote(value)}" : value);
        }

        return ExitCode.Ok;
    }

    /// <summary>As the Heroku CLI prints it: a key and its value, null when it is not set; a list of those for several.</summary>
    private static void PrintJson(Run run, IReadOnlyDictionary<string, string> vars, string[] asked)
    {
        JsonNode[] found = [.. asked.Select(name => new JsonObject { ["key"] = name, ["value"] = vars.GetValueOrDefault(name) })];
        run.Print(found is [var only] ? only : new JsonArray(found));
    }
}
