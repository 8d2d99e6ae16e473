using System.CommandLine;
using Sluice.Wire;

namespace Sluice.Cli.Commands.Authorizations;

internal sealed class AuthorizationsRevoke : CliCommand
{
    public static readonly About Is = new("authorizations:revoke", "End an API key: it opens nothing from now on", "sluice authorizations:revoke ID", () => new AuthorizationsRevoke())
    {
        Aliases = ["authorizations:destroy"],
    };

    private readonly Argument<string> id = Flags.Needed("ID", "id of the key");

    public AuthorizationsRevoke() : base(Is) => Arguments.Add(id);

    public override async Task<ExitCode> RunAsync(Run run, CancellationToken ct)
    {
        var key = await run.Server.GetAsync<AuthorizationWire>(Shown.Path(run.Value(id)!), ct);
        await run.Terminal.StepAsync($"Revoking {key.Description}", () => run.Server.DeleteAsync(Shown.Path(key.Id.ToString()), ct));
        return ExitCode.Ok;
    }
}
