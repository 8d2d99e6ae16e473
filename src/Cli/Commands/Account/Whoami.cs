using Sluice.Wire;

namespace Sluice.Cli.Commands.Account;

internal sealed class Whoami : CliCommand
{
    public static readonly About Is = new("whoami", "Say who the server thinks you are", "sluice whoami", () => new Whoami()) { Aliases = ["auth:whoami"] };

    private readonly System.CommandLine.Option<bool> json = Flags.Json();

    public Whoami() : base(Is) => Options.Add(json);

    public override async Task<ExitCode> RunAsync(Run run, CancellationToken ct)
    {
        var account = await run.Server.GetAsync<AccountWire>("/account", ct);
        if (run.Value(json))
        {
            run.Json(account);
        }
        else
        {
            run.Terminal.Line(account.Email);
        }

        return ExitCode.Ok;
    }
}
