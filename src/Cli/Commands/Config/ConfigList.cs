using System.CommandLine;
using Sluice.Cli.Output;

namespace Sluice.Cli.Commands.Config;

internal sealed class ConfigList : AppCommand
{
    public static readonly About Is = new("config", "Show an app's config vars", "sluice config -a shop", () => new ConfigList());

    private readonly Option<bool> json = Flags.Json();
    private readonly Option<bool> shell = new("--shell", "-s") { Description = "as lines for a shell" };

    public ConfigList() : base(Is)
    {
        Options.Add(json);
        Options.Add(shell);
    }

    public override async Task<ExitCode> RunAsync(Run run, CancellationToken ct)
    {
        var app = await AppAsync(run, ct);
        var vars = await ConfigVars.ReadAsync(run, app, ct);
        var sorted = vars.OrderBy(v => v.Key, StringComparer.Ordinal);
        if (run.Value(json))
        {
            run.Json(vars);
        }
        else if (run.Value(shell))
        {
            foreach (var (name, value) in sorted)
            {
                run.Terminal.Line($"{name}={Shell.Quote(value)}");
            }
        }
        else
        {
            run.Terminal.Heading($"{app} Config Vars");
            var table = new Table();
            foreach (var (name, value) in sorted)
            {
                table.Add(name + ":", value);
            }

            table.Print(run.Terminal);
        }

        return ExitCode.Ok;
    }
}
