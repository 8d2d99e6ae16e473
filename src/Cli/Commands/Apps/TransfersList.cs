using System.CommandLine;
using Sluice.Cli.Output;
using Sluice.Wire;

namespace Sluice.Cli.Commands.Apps;

internal sealed class TransfersList : CliCommand
{
    public static readonly About Is = new("transfers", "List apps that were offered to you, or by you", "sluice transfers", () => new TransfersList());

    private readonly Option<bool> json = Flags.Json();

    public TransfersList() : base(Is)
    {
        Options.Add(json);
    }

    public override async Task<ExitCode> RunAsync(Run run, CancellationToken ct)
    {
        var transfers = await run.Server.ListAsync<AppTransferWire>("/account/app-transfers", ct);
        if (run.Value(json))
        {
            run.Json(transfers);
            return ExitCode.Ok;
        }

        var table = new Table("app", "from", "to", "state");
        foreach (var transfer in transfers)
        {
            table.Add(transfer.App.Name, transfer.Owner.Email, transfer.Recipient.Email, transfer.State);
        }

        table.Print(run.Terminal);
        return ExitCode.Ok;
    }
}
