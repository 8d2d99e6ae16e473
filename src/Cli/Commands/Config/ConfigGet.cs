using System.CommandLine;
using Sluice.Cli.Output;

namespace Sluice.Cli.Commands.Config;

internal sealed class ConfigGet : AppCommand
{
    public static readonly About Is = new("config:get", "Print the value of config vars", "sluice config:get GREETING -a shop", () => new ConfigGet());

    private readonly Argument<string[]> names = new("NAME") { Description = "config var", Arity = ArgumentArity.OneOrMore };
    private readonly Option<bool> shell = new("--shell", "-s") { Description = "as NAME=value lines for a shell" };

    public ConfigGet() : base(Is)
    {
        Arguments.Add(names);
        Options.Add(shell);
    }

    public override async Task<ExitCode> RunAsync(Run run, CancellationToken ct)
    {
        var vars = await ConfigVars.ReadAsync(run, await AppAsync(run, ct), ct);
        foreach (var name in run.Value(names)!)
        {
            var value = vars.GetValueOrDefault(name, "");
            run.Terminal.Line(run.Value(shell) ? $"{name}={Shell.Quote(value)}" : value);
        }

        return ExitCode.Ok;
    }
}
