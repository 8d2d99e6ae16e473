using System.CommandLine;
using Sluice.Wire;

namespace Sluice.Cli.Commands.Keys;

internal sealed class KeysAdd : CliCommand
{
    public static readonly About Is = new("keys:add", "Keep a public SSH key for your account", "sluice keys:add ~/.ssh/id_ed25519.pub", () => new KeysAdd())
    {
        More = "Keys are kept for clients that ask for them and open nothing: git goes over https, with your API key.",
    };

    private readonly Argument<string?> file = Flags.Optional("FILE", "the .pub file; without one, the only one in ~/.ssh");
    private readonly Option<bool> yes = new("--yes", "-y") { Description = "ask nothing; nothing is asked" };

    public KeysAdd() : base(Is)
    {
        Arguments.Add(file);
        Options.Add(yes);
    }

    public override async Task<ExitCode> RunAsync(Run run, CancellationToken ct)
    {
        var path = Path.Combine(run.Surroundings.WorkingFolder, run.Value(file) ?? OnlyOne(run));
        if (!File.Exists(path))
        {
            throw StopException.Usage($"There is no file {path}.");
        }

        var text = await File.ReadAllTextAsync(path, ct);
        if (text.Contains("PRIVATE KEY", StringComparison.Ordinal))
        {
            throw StopException.Usage($"{path} is a private key; nothing was sent. Give the file that ends in .pub.");
        }

        await run.Terminal.StepAsync($"Uploading {path} SSH key", () => run.Server.PostAsync<CreateSshKeyWire, SshKeyWire>("/account/keys", new(text), ct));
        return ExitCode.Ok;
    }

    private static string OnlyOne(Run run)
    {
        var folder = Path.Combine(run.Surroundings.HomeFolder, ".ssh");
        string[] keys = Directory.Exists(folder) ? Directory.GetFiles(folder, "*.pub") : [];
        return keys.Length switch
        {
            1 => keys[0],
            0 => throw StopException.Usage($"There is no public key in {folder}. Make one with: ssh-keygen"),
            _ => throw StopException.Usage($"Which key? {string.Join(", ", keys.Order(StringComparer.Ordinal))}"),
        };
    }
}
