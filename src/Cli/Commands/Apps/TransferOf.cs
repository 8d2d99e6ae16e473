using Sluice.Wire;

namespace Sluice.Cli.Commands.Apps;

/// <summary>The offer of one app that waits for an answer.</summary>
internal static class TransferOf
{
    public static async Task<AppTransferWire> FindAsync(Run run, string app, CancellationToken ct) =>
        (await run.Server.ListAsync<AppTransferWire>("/account/app-transfers", ct)).FirstOrDefault(t => t.State == "pending" && (t.App.Name == app || t.App.Id.ToString() == app))
        ?? throw new StopException(ExitCode.Refused, $"Nobody offers {app} to you. See offers with: sluice transfers");
}
