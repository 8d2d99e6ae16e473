using Sluice.Cli.Server;

namespace Sluice.Cli.Commands.Account;

internal sealed class Logout : CliCommand
{
    public static readonly About Is = new("logout", "Forget the key of the server in use", "sluice logout", () => new Logout()) { Aliases = ["auth:logout"] };

    public Logout() : base(Is)
    {
    }

    public override Task<ExitCode> RunAsync(Run run, CancellationToken ct)
    {
        var known = new SavedLogins(run.Surroundings).Forget(run.Location.Url);
        run.Terminal.Note(known ? $"Forgot the key for {run.Location.Address}." : $"There was no saved key for {run.Location.Address}.");
        return Task.FromResult(ExitCode.Ok);
    }
}
