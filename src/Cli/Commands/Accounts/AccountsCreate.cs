using System.CommandLine;
using Sluice.Wire;

namespace Sluice.Cli.Commands.Accounts;

internal sealed class AccountsCreate : CliCommand
{
    public static readonly About Is = new("accounts:create", "Make an account, and print its key, this once", "sluice accounts:create jim@example.com", () => new AccountsCreate())
    {
        More = "For administrators. Whoever has the key logs in with sluice login, or with the Heroku CLI and HEROKU_API_KEY.",
    };

    private readonly Argument<string> email = Flags.Needed("EMAIL", "address of the account");
    private readonly Option<string?> name = new("--name", "-n") { Description = "what to call them", HelpName = "NAME" };
    private readonly Option<bool> administrator = new("--administrator") { Description = "may make and close accounts, too" };
    private readonly Option<bool> json = Flags.Json();

    public AccountsCreate() : base(Is)
    {
        Arguments.Add(email);
        Options.Add(name);
        Options.Add(administrator);
        Options.Add(json);
    }

    public override async Task<ExitCode> RunAsync(Run run, CancellationToken ct)
    {
        var made = await run.Terminal.StepAsync($"Creating account {run.Value(email)}", () => run.Server.PostAsync<CreateAccountWire, KnownAccountWire>(
            "/accounts", new(run.Value(email)!, run.Value(name), run.Value(administrator)), ct));
        if (run.Value(json))
        {
            run.Json(made);
            return ExitCode.Ok;
        }

        run.Terminal.Note("Their key, which nobody can show again:");
        run.Terminal.Line(made.ApiKey ?? "");
        return ExitCode.Ok;
    }
}
