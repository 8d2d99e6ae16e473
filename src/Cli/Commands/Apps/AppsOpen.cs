using System.CommandLine;
using Sluice.Wire;

namespace Sluice.Cli.Commands.Apps;

internal sealed class AppsOpen : AppCommand
{
    public static readonly About Is = new("open", "Open an app in the browser", "sluice open -a shop", () => new AppsOpen()) { Aliases = ["apps:open"] };

    private readonly Argument<string?> path = Flags.Optional("PATH", "page of the app");

    public AppsOpen() : base(Is) => Arguments.Add(path);

    public override async Task<ExitCode> RunAsync(Run run, CancellationToken ct)
    {
        var app = await run.Server.GetAsync<AppWire>($"/apps/{Uri.EscapeDataString(await AppAsync(run, ct))}", ct);
        var url = new Uri(new Uri(app.WebUrl ?? run.Location.Address), run.Value(path) ?? "").ToString();
        Browser.Open(run, url);
        return ExitCode.Ok;
    }
}
