using Sluice.Wire;

namespace Sluice.Cli.Commands.Account;

internal sealed class TwoFactor : CliCommand
{
    public static readonly About Is = new("auth:2fa", "Say whether your account asks for a second factor", "sluice auth:2fa", () => new TwoFactor()) { Aliases = ["2fa", "twofactor"] };

    public TwoFactor() : base(Is)
    {
    }

    public override async Task<ExitCode> RunAsync(Run run, CancellationToken ct)
    {
        var account = await run.Server.GetAsync<AccountWire>("/account", ct);
        run.Terminal.Line($"Two-factor authentication is {(account.TwoFactorAuthentication ? "enabled" : "not enabled")}");
        return ExitCode.Ok;
    }
}
