using System.CommandLine;
using Sluice.Wire;

namespace Sluice.Cli.Commands.Authorizations;

internal sealed class AuthorizationsUpdate : CliCommand
{
    public static readonly About Is = new("authorizations:update", "Say anew what an API key is for", "sluice authorizations:update ID -d laptop", () => new AuthorizationsUpdate());

    private readonly Argument<string> id = Flags.Needed("ID", "id of the key");
    private readonly Option<string> description = new("--description", "-d") { Description = "what the key is for", HelpName = "TEXT", Required = true };
    private readonly Option<bool> json = Flags.Json();

    public AuthorizationsUpdate() : base(Is)
    {
        Arguments.Add(id);
        Options.Add(description);
        Options.Add(json);
    }

    public override async Task<ExitCode> RunAsync(Run run, CancellationToken ct)
    {
        var key = await run.Terminal.StepAsync("Updating OAuth Authorization", () =>
            run.Server.PatchAsync<UpdateAuthorizationWire, AuthorizationWire>(Shown.Path(run.Value(id)!), new(run.Value(description)!), ct));
        key.Show(run, run.Value(json));
        return ExitCode.Ok;
    }
}
