using System.CommandLine;

namespace Sluice.Cli.Commands.Config;

internal sealed class ConfigUnset : AppCommand
{
    public static readonly About Is = new("config:unset", "Remove config vars; that makes a release", "sluice config:unset GREETING -a shop", () => new ConfigUnset()) { Aliases = ["config:remove"] };

    private readonly Argument<string[]> names = new("NAME") { Description = "config var", Arity = ArgumentArity.OneOrMore };

    public ConfigUnset() : base(Is) => Arguments.Add(names);

    public override async Task<ExitCode> RunAsync(Run run, CancellationToken ct)
    {
        var changes = run.Value(names)!.Distinct(StringComparer.Ordinal).ToDictionary(name => name, _ => (string?)null, StringComparer.Ordinal);
        await ConfigVars.ChangeAsync(run, await AppAsync(run, ct), "Unsetting", changes, ct);
        return ExitCode.Ok;
    }
}
