using Sluice.Cli.Server;
using Sluice.Wire;

namespace Sluice.Cli.Commands.Account;

internal sealed class Logout : CliCommand
{
    public static readonly About Is = new("logout", "Forget the key of the server in use", "sluice logout", () => new Logout())
    {
        Aliases = ["auth:logout"],
        More = "A key that a login made ends on the server, too; one that you gave goes on being good (end it with sluice authorizations:revoke).",
    };

    public Logout() : base(Is)
    {
    }

    public override async Task<ExitCode> RunAsync(Run run, CancellationToken ct)
    {
        var logins = new SavedLogins(run.Surroundings);
        if (logins.KeyFor(run.Location.Url) is { } key)
        {
            await EndSessionAsync(run, key, ct);
        }

        var known = logins.Forget(run.Location.Url);
        run.Terminal.Note(known ? $"Forgot the key for {run.Location.Address}." : $"There was no saved key for {run.Location.Address}.");
        return ExitCode.Ok;
    }

    /// <summary>What is forgotten here must be forgotten even if the server is away.</summary>
    private static async Task EndSessionAsync(Run run, string key, CancellationToken ct)
    {
        try
        {
            using var server = (run.Location with { Key = key }).Connect();
            await server.DeleteAsync("/oauth/sessions/~", ct);
        }
        catch (SluiceException notALogin) when (notALogin.Status is 401 or 404)
        {
            // The key was given, not made by a login, or is good no more.
        }
        catch (HttpRequestException away)
        {
            run.Terminal.Warning($"The server at {run.Location.Address} does not answer ({away.Message}), so a key that a login made there is good until it expires.");
        }
    }
}
