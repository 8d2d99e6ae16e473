using System.CommandLine;
using Sluice.Cli.Output;

namespace Sluice.Cli.Commands.Config;

internal sealed class ConfigSet : AppCommand
{
    public static readonly About Is = new("config:set", "Set config vars; that makes a release", "sluice config:set GREETING=hello -a shop", () => new ConfigSet()) { Aliases = ["config:add"] };

    private readonly Argument<string[]> pairs = new("NAME=VALUE") { Description = "config var and its value", Arity = ArgumentArity.OneOrMore };

    public ConfigSet() : base(Is) => Arguments.Add(pairs);

    public override async Task<ExitCode> RunAsync(Run run, CancellationToken ct)
    {
        var changes = new Dictionary<string, string?>(StringComparer.Ordinal);
        foreach (var pair in run.Value(pairs)!)
        {
            var sign = pair.IndexOf('=', StringComparison.Ordinal);
            changes[sign > 0 ? pair[..sign] : throw StopException.Usage($"\"{pair}\" has no value. Write NAME=VALUE.")] = pair[(sign + 1)..];
        }

        await ConfigVars.ChangeAsync(run, await AppAsync(run, ct), "Setting", changes, ct);
        var table = new Table();
        foreach (var (name, value) in changes)
        {
            table.Add(name + ":", value!);
        }

        table.Print(run.Terminal);
        return ExitCode.Ok;
    }
}
