using System.CommandLine;
using Sluice.Cli.Output;
using Sluice.Wire;

namespace Sluice.Cli.Commands.Accounts;

internal sealed class AccountsList : CliCommand
{
    public static readonly About Is = new("accounts", "List who has an account on this server", "sluice accounts", () => new AccountsList());

    private readonly Option<bool> json = Flags.Json();

    public AccountsList() : base(Is)
    {
        Options.Add(json);
    }

    public override async Task<ExitCode> RunAsync(Run run, CancellationToken ct)
    {
        var accounts = await run.Server.ListAsync<KnownAccountWire>("/accounts", ct);
        if (run.Value(json))
        {
            run.Json(accounts);
            return ExitCode.Ok;
        }

        var table = new Table("email", "name", "");
        foreach (var account in accounts)
        {
            table.Add(account.Email, account.Name ?? "", account.Administrator ? "administrator" : "");
        }

        table.Print(run.Terminal);
        return ExitCode.Ok;
    }
}
