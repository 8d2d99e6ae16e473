using Sluice.Wire;

namespace Sluice.Cli.Commands.Keys;

internal sealed class KeysRotate : CliCommand
{
    public static readonly About Is = new("keys:rotate", "Replace the key that seals secrets at rest; for administrators", "sluice keys:rotate", () => new KeysRotate())
    {
        More =
            """
            The key is in the file secret.key of the server's data folder. A new one takes its place, and a fresh data key seals all secrets again while
            everything runs. Keep a copy of the new file apart from copies of the database; backups from before need the file from before.
            """,
    };

    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(500);

    public KeysRotate() : base(Is)
    {
    }

    public override async Task<ExitCode> RunAsync(Run run, CancellationToken ct)
    {
        var begun = await run.Terminal.StepAsync(
            "Replacing the secret key", () => run.Server.PostAsync<SecretKeyWire>("/secret-key/actions/rotate", ct), key => $"data key {key.Number}");
        if (begun.Waiting > 0)
            await run.Terminal.StepAsync($"Sealing {begun.Waiting} values again", () => SealedAsync(run, ct), left => left);
        return ExitCode.Ok;
    }

    /// <summary>Ends when nothing waits, and early when what is left does not get less: no key opens it, as the server's log says.</summary>
    private static async Task<string?> SealedAsync(Run run, CancellationToken ct)
    {
        for (var (last, patience) = (long.MaxValue, 20); ;)
        {
            var now = await run.Server.GetAsync<SecretKeyWire>("/secret-key", ct);
            if (now.Waiting == 0)
                return null;
            patience = now.Waiting < last ? 20 : patience - 1;
            if (patience == 0)
                return $"all but {now.Waiting}, which no key opens; the server's log names them";
            last = now.Waiting;
            await Task.Delay(Look, ct);
        }
    }
}
