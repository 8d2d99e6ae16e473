using System.CommandLine;
using Sluice.Wire;

namespace Sluice.Cli.Commands.Apps;

internal sealed class AppsTransfer : AppCommand
{
    public static readonly About Is = new("apps:transfer", "Hand an app to a team, or to another person", "sluice apps:transfer acme -a shop", () => new AppsTransfer())
    {
        More = "To a team that you are in, and from a team to somebody in it: at once. To another person: when they accept it, with sluice transfers:accept APP.",
    };

    private readonly Argument<string> recipient = Flags.Needed("RECIPIENT", "name of a team, or address of an account");
    private readonly Option<bool> locked = new("--locked", "-l") { Description = "lock the app, so that only those who are added to it get in" };
    private readonly Option<bool> json = Flags.Json();

    public AppsTransfer() : base(Is)
    {
        Arguments.Add(recipient);
        Options.Add(locked);
        Options.Add(json);
    }

    public override async Task<ExitCode> RunAsync(Run run, CancellationToken ct)
    {
        var (app, to) = (await AppAsync(run, ct), run.Value(recipient)!);
        var transfer = await run.Terminal.StepAsync(
            $"Transferring {app} to {to}", () => run.Server.PostAsync<CreateAppTransferWire, AppTransferWire>("/account/app-transfers", new(app, to), ct),
            made => made.State == "pending" ? $"when they accept it: sluice transfers:accept {app}" : null);
        if (run.Value(locked))
        {
            await run.Terminal.StepAsync($"Locking {app}", () => run.Server.PatchAsync<UpdateTeamAppWire, AppWire>($"/teams/apps/{Uri.EscapeDataString(app)}", new(Locked: true), ct));
        }

        if (run.Value(json))
        {
            run.Json(transfer);
        }

        return ExitCode.Ok;
    }
}
