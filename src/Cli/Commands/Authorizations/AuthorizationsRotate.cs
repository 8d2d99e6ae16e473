using System.CommandLine;
using Sluice.Wire;

namespace Sluice.Cli.Commands.Authorizations;

internal sealed class AuthorizationsRotate : CliCommand
{
    public static readonly About Is = new("authorizations:rotate", "Give an API key a new text; the old one opens nothing from now on", "sluice authorizations:rotate ID", () => new AuthorizationsRotate())
    {
        More = "The new text is shown once. For the first key of a server, put it into DIR/admin.key yourself: that file is written once and never again.",
    };

    private readonly Argument<string> id = Flags.Needed("ID", "id of the key");
    private readonly Option<bool> json = Flags.Json();

    public AuthorizationsRotate() : base(Is)
    {
        Arguments.Add(id);
        Options.Add(json);
    }

    public override async Task<ExitCode> RunAsync(Run run, CancellationToken ct)
    {
        var key = await run.Terminal.StepAsync("Rotating OAuth Authorization", () =>
            run.Server.PostAsync<AuthorizationWire>(Shown.Path(run.Value(id)!) + "/actions/regenerate-tokens", ct));
        key.Show(run, run.Value(json));
        return ExitCode.Ok;
    }
}
