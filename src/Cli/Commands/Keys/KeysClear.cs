using Sluice.Wire;

namespace Sluice.Cli.Commands.Keys;

internal sealed class KeysClear : CliCommand
{
    public static readonly About Is = new("keys:clear", "Forget all SSH keys of yours", "sluice keys:clear", () => new KeysClear());

    public KeysClear() : base(Is)
    {
    }

    public override async Task<ExitCode> RunAsync(Run run, CancellationToken ct)
    {
        await run.Terminal.StepAsync("Removing all SSH keys", async () =>
        {
            foreach (var key in await run.Server.ListAsync<SshKeyWire>("/account/keys", ct))
            {
                await run.Server.DeleteAsync($"/account/keys/{key.Id}", ct);
            }
        });
        return ExitCode.Ok;
    }
}
