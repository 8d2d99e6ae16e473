using System.CommandLine;
using Sluice.Wire;

namespace Sluice.Cli.Commands.Apps;

internal sealed class TransfersDecline : CliCommand
{
    public static readonly About Is = new("transfers:decline", "Refuse an app that was offered to you", "sluice transfers:decline shop", () => new TransfersDecline());

    private readonly Argument<string> app = Flags.Needed("APP", "name of the app");

    public TransfersDecline() : base(Is)
    {
        Arguments.Add(app);
    }

    public override async Task<ExitCode> RunAsync(Run run, CancellationToken ct)
    {
        var offer = await TransferOf.FindAsync(run, run.Value(app)!, ct);
        await run.Terminal.StepAsync($"Declining {offer.App.Name} from {offer.Owner.Email}", () =>
            run.Server.PatchAsync<UpdateAppTransferWire, AppTransferWire>($"/account/app-transfers/{offer.Id}", new("declined"), ct));
        return ExitCode.Ok;
    }
}
