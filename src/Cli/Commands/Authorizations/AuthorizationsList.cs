using System.CommandLine;
using Sluice.Cli.Output;
using Sluice.Wire;

namespace Sluice.Cli.Commands.Authorizations;

internal sealed class AuthorizationsList : CliCommand
{
    public static readonly About Is = new("authorizations", "List your API keys: what each is for and may do", "sluice authorizations", () => new AuthorizationsList());

    private readonly Option<bool> json = Flags.Json();

    public AuthorizationsList() : base(Is) => Options.Add(json);

    public override async Task<ExitCode> RunAsync(Run run, CancellationToken ct)
    {
        var keys = await run.Server.ListAsync<AuthorizationWire>("/oauth/authorizations", ct);
        if (run.Value(json))
        {
            run.Json(keys);
            return ExitCode.Ok;
        }

        var table = new Table("Description", "ID", "Scope", "Key");
        foreach (var key in keys.OrderBy(k => k.Description, StringComparer.Ordinal))
        {
            table.Add(key.Description, key.Id.ToString(), string.Join(',', key.Scope), key.AccessToken?.Token ?? "");
        }

        table.Print(run.Terminal);
        return ExitCode.Ok;
    }
}
