using System.CommandLine;
using Sluice.Wire;

namespace Sluice.Cli.Commands.Apps;

internal sealed class TransfersAccept : CliCommand
{
    public static readonly About Is = new("transfers:accept", "Take an app that was offered to you", "sluice transfers:accept shop", () => new TransfersAccept());

    private readonly Argument<string> app = Flags.Needed("APP", "name of the app");
    private readonly Option<bool> json = Flags.Json();

    public TransfersAccept() : base(Is)
    {
        Arguments.Add(app);
        Options.Add(json);
    }

    public override async Task<ExitCode> RunAsync(Run run, CancellationToken ct)
    {
        var offer = await TransferOf.FindAsync(run, run.Value(app)!, ct);
        var answered = await run.Terminal.StepAsync($"Accepting {offer.App.Name} from {offer.Owner.Email}", () =>
            run.Server.PatchAsync<UpdateAppTransferWire, AppTransferWire>($"/account/app-transfers/{offer.Id}", new("accepted"), ct));
        if (run.Value(json))
        {
            run.Json(answered);
        }

        return ExitCode.Ok;
    }
}
