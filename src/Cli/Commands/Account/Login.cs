using System.CommandLine;
using Sluice.Cli.Server;
using Sluice.Wire;

namespace Sluice.Cli.Commands.Account;

internal sealed class Login : CliCommand
{
    public static readonly About Is = new("login", "Remember a server and your key for it", "sluice login https://sluice.example.com", () => new Login())
    {
        Aliases = ["auth:login"],
        More = "The key is asked for, or read from standard input or SLUICE_KEY; never from the command line, where others on the machine can see it.\n"
            + "It is kept in ~/.config/sluice/credentials, readable by you alone. On the server's machine the first key is in DIR/admin.key.",
    };

    private readonly Argument<string?> url = Flags.Optional("URL", "the server's address; without one, the server that other commands would use");

    public Login() : base(Is) => Arguments.Add(url);

    public override async Task<ExitCode> RunAsync(Run run, CancellationToken ct)
    {
        var at = run.Value(url) is { } text
            ? ServerLocation.ParseUrl(text) ?? throw StopException.Usage($"\"{text}\" is no address. Write it like http://localhost:5000.")
            : run.Location.Url;
        var server = new ServerLocation(new Uri(at.GetLeftPart(UriPartial.Authority)), await KeyAsync(run, at, ct), null);
        using var api = server.Connect();
        try
        {
            var account = await api.GetAsync<AccountWire>("/account", ct);
            new SavedLogins(run.Surroundings).Save(server.Url, server.Key!);
            run.Terminal.Note($"Logged in to {server.Address} as {account.Email}.");
            return ExitCode.Ok;
        }
        catch (SluiceException refused) when (refused.Status == 401)
        {
            throw new StopException(ExitCode.NotLoggedIn, $"The server at {server.Address} does not know this key. Nothing was saved.");
        }
    }

    private static async Task<string> KeyAsync(Run run, Uri at, CancellationToken ct)
    {
        var key = run.Surroundings.Variable("SLUICE_KEY") ?? await run.Terminal.AskAsync($"API key for {at.Authority}:", ct);
        key = key?.Trim();
        return key is { Length: > 0 } && !key.Any(char.IsWhiteSpace) ? key
            : throw new StopException(ExitCode.NotLoggedIn, "No key was given. Type it when asked, or pipe it in: sluice login URL < key-file");
    }
}
