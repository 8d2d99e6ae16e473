using System.CommandLine;
using Sluice.Wire;

namespace Sluice.Cli.Commands.Apps;

internal sealed class TransfersDecline : CliCommand
{
    public static readonly About Is = new("transfers:decline", "Refuse an app that was offered to you", "sluice transfers:decline shop", () => new TransfersDecline());

    private readonly Argument<string> app = Flags.Needed("APP", "name of the app");
    private readonly Option<bool> json = Flags.Json();

    public TransfersDecline() : base(Is)
    {
        Arguments.Add(app);
        Options.Add(json);
    }

    public override async Task<ExitCode> RunAsync(Run run, CancellationToken ct)
    {
        var offer = await TransferOf.FindAsync(run, run.Value(app)!, ct);
        var answered = await run.Terminal.StepAsync($"Declining {offer.App.Name} from {offer.Owner.Email}", () =>
            run.Server.PatchAsync<UpdateAppTransferWire, AppTransferWire>($"/account/app-transfers/{offer.Id}", new("declined"), ct));
        if (run.Value(json))
        {
            run.Json(answered);
        }

        return ExitCode.Ok;
    }
}
