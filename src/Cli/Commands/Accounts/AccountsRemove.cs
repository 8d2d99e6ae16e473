using System.CommandLine;
using Sluice.Wire;

namespace Sluice.Cli.Commands.Accounts;

internal sealed class AccountsRemove : CliCommand
{
    public static readonly About Is = new("accounts:remove", "Close an account: its keys stop working at once", "sluice accounts:remove jim@example.com", () => new AccountsRemove());

    private readonly Argument<string> email = Flags.Needed("EMAIL", "address of the account");

    public AccountsRemove() : base(Is)
    {
        Arguments.Add(email);
    }

    public override async Task<ExitCode> RunAsync(Run run, CancellationToken ct)
    {
        await run.Terminal.StepAsync($"Closing account {run.Value(email)}", () => run.Server.DeleteAsync($"/accounts/{Uri.EscapeDataString(run.Value(email)!)}", ct));
        return ExitCode.Ok;
    }
}
