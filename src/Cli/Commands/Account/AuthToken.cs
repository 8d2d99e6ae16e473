namespace Sluice.Cli.Commands.Account;

internal sealed class AuthToken : CliCommand
{
    public static readonly About Is = new("auth:token", "Print the key that commands use", "sluice auth:token", () => new AuthToken());

    public AuthToken() : base(Is)
    {
    }

    public override Task<ExitCode> RunAsync(Run run, CancellationToken ct)
    {
        run.Terminal.Line(run.Location.Key
            ?? throw new StopException(ExitCode.NotLoggedIn, $"No key is known for {run.Location.Address}. Log in with: sluice login {run.Location.Address}"));
        return Task.FromResult(ExitCode.Ok);
    }
}
