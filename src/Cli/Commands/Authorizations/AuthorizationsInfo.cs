using System.CommandLine;
using Sluice.Wire;

namespace Sluice.Cli.Commands.Authorizations;

internal sealed class AuthorizationsInfo : CliCommand
{
    public static readonly About Is = new("authorizations:info", "Show one of your API keys, without its text", "sluice authorizations:info ID", () => new AuthorizationsInfo());

    private readonly Argument<string> id = Flags.Needed("ID", "id of the key; ~ for your first one");
    private readonly Option<bool> json = Flags.Json();

    public AuthorizationsInfo() : base(Is)
    {
        Arguments.Add(id);
        Options.Add(json);
    }

    public override async Task<ExitCode> RunAsync(Run run, CancellationToken ct)
    {
        (await run.Server.GetAsync<AuthorizationWire>(Shown.Path(run.Value(id)!), ct)).Show(run, run.Value(json));
        return ExitCode.Ok;
    }
}
