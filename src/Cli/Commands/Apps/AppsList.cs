using Sluice.Cli.Output;
using Sluice.Wire;

namespace Sluice.Cli.Commands.Apps;

internal sealed class AppsList : CliCommand
{
    public static readonly About Is = new("apps", "List your apps", "sluice apps", () => new AppsList()) { Aliases = ["list", "apps:list"] };

    private readonly System.CommandLine.Option<bool> json = Flags.Json();

    public AppsList() : base(Is) => Options.Add(json);

    public override async Task<ExitCode> RunAsync(Run run, CancellationToken ct)
    {
        var apps = await run.Server.ListAsync<AppWire>("/apps", ct);
        if (run.Value(json))
        {
            run.Json(apps);
            return ExitCode.Ok;
        }

        if (apps.Count == 0)
        {
            run.Terminal.Note("You have no apps yet. Make one with: sluice create NAME");
            return ExitCode.Ok;
        }

        var table = new Table("app", "address", "released");
        foreach (var app in apps.OrderBy(a => a.Name, StringComparer.Ordinal))
        {
            table.Add(app.Name, app.WebUrl ?? "", app.ReleasedAt is { } at ? run.Ago(at) : "never");
        }

        table.Print(run.Terminal);
        return ExitCode.Ok;
    }
}
