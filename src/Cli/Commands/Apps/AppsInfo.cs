using Sluice.Cli.Commands.Pipelines;
using Sluice.Cli.Git;
using Sluice.Cli.Output;
using Sluice.Wire;

namespace Sluice.Cli.Commands.Apps;

internal sealed class AppsInfo : AppCommand
{
    public static readonly About Is = new("apps:info", "Show an app: where it answers, what runs, its pipeline", "sluice info -a shop", () => new AppsInfo()) { Aliases = ["info"] };

    private readonly System.CommandLine.Argument<string?> named = Flags.Optional("APP", "the app, when --app is not given");
    private readonly System.CommandLine.Option<bool> json = Flags.Json();
    private readonly System.CommandLine.Option<bool> shell = new("--shell", "-s") { Description = "as name=value lines for a shell" };

    public AppsInfo() : base(Is)
    {
        Arguments.Add(named);
        Options.Add(json);
        Options.Add(shell);
    }

    public override async Task<ExitCode> RunAsync(Run run, CancellationToken ct)
    {
        var name = run.Value(named) ?? await AppAsync(run, ct);
        var path = $"/apps/{Uri.EscapeDataString(name)}";
        var app = await run.Server.GetAsync<AppWire>(path, ct);
        if (run.Value(json))
        {
            run.Json(app);
            return ExitCode.Ok;
        }

        var dynos = await run.Server.ListAsync<DynoWire>($"{path}/dynos", ct);
        var coupling = await Coupling.FindAsync(run, app.Name, ct);
        if (run.Value(shell))
        {
            PrintForShell(run, app, dynos, coupling);
            return ExitCode.Ok;
        }

        var next = await run.Server.GetAsync<PromotesToWire>($"{path}/promotes-to", ct);
        run.Terminal.Heading(app.Name);
        var table = new Table();
        table.Add("Address:", app.WebUrl ?? "");
        table.Add("Git:", AppRemote.UrlOf(run.Location, app.Name));
        table.Add("Owner:", app.Owner.Email ?? "");
        table.Add("Stack:", app.Stack.Name ?? "");
        table.Add("Dynos:", dynos.Count == 0 ? "none" : string.Join(", ", dynos.GroupBy(d => d.Type, StringComparer.Ordinal).Select(g => $"{g.Key}: {g.Count()}")));
        table.Add("Pipeline:", coupling is null ? "none" : $"{coupling.Pipeline.Name} ({coupling.Shown()})");
        if (next.Apps.Count > 0)
        {
            table.Add("Promotes to:", string.Join(", ", next.Apps.Select(a => a.Name)));
        }

        table.Add("Slug size:", app.SlugSize is { } size ? Words.Size(size) : "no slug yet");
        table.Add("Created:", run.Ago(app.CreatedAt));
        table.Print(run.Terminal);
        return ExitCode.Ok;
    }

    /// <summary>Names as the Heroku CLI has them; values quoted where a shell needs it.</summary>
    private static void PrintForShell(Run run, AppWire app, IReadOnlyList<DynoWire> dynos, CouplingWire? coupling)
    {
        (string Name, string? Value)[] lines =
        [
            ("name", app.Name), ("pipeline", coupling is null ? null : $"{coupling.Pipeline.Name}:{coupling.Shown()}"), ("git_url", AppRemote.UrlOf(run.Location, app.Name)),
            ("web_url", app.WebUrl), ("slug_size", $"{app.SlugSize ?? 0}"), ("owner", app.Owner.Email), ("stack", app.Stack.Name),
            ("dynos", string.Join(' ', dynos.GroupBy(d => d.Type, StringComparer.Ordinal).Select(g => $"{g.Key}:{g.Count()}"))),
        ];
        foreach (var (name, value) in lines.Where(line => line.Value is not null))
        {
            run.Terminal.Line($"{name}={Output.Shell.Quote(value!)}");
        }
    }
}
