using System.CommandLine;
using Sluice.Wire;

namespace Sluice.Cli.Commands.Authorizations;

internal sealed class AuthorizationsCreate : CliCommand
{
    public static readonly About Is = new("authorizations:create", "Make an API key; it is shown once", "sluice authorizations:create -d ci -s read,write -e 2592000", () => new AuthorizationsCreate())
    {
        More = "Scopes: global does everything; write changes apps and pipelines and pushes, read looks at them, both without config vars;\n"
            + "write-protected and read-protected do so with config vars; identity says who you are and nothing else.",
    };

    private readonly Option<string?> description = new("--description", "-d") { Description = "what the key is for", HelpName = "TEXT" };
    private readonly Option<string?> scope = new("--scope", "-s") { Description = "what it may do, with commas between (default global)", HelpName = "SCOPE,..." };
    private readonly Option<int?> expires = new("--expires-in", "-e") { Description = "seconds after which it opens nothing (default never)", HelpName = "SECONDS" };
    private readonly Option<bool> bare = new("--short", "-S") { Description = "print the key alone" };
    private readonly Option<bool> json = Flags.Json();

    public AuthorizationsCreate() : base(Is)
    {
        Options.Add(description);
        Options.Add(scope);
        Options.Add(expires);
        Options.Add(bare);
        Options.Add(json);
    }

    public override async Task<ExitCode> RunAsync(Run run, CancellationToken ct)
    {
        var body = new CreateAuthorizationWire(run.Value(description), run.Value(scope) is { } words ? Flags.Names(words) : null, run.Value(expires));
        var key = await run.Terminal.StepAsync("Creating OAuth Authorization", () =>
            run.Server.PostAsync<CreateAuthorizationWire, AuthorizationWire>("/oauth/authorizations", body, ct));
        if (run.Value(bare))
        {
            run.Terminal.Line(key.AccessToken!.Token);
        }
        else
        {
            key.Show(run, run.Value(json));
        }

        return ExitCode.Ok;
    }
}
