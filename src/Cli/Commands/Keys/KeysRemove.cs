using System.CommandLine;
using Sluice.Wire;

namespace Sluice.Cli.Commands.Keys;

internal sealed class KeysRemove : CliCommand
{
    public static readonly About Is = new("keys:remove", "Forget an SSH key of yours", "sluice keys:remove you@laptop", () => new KeysRemove());

    private readonly Argument<string> comment = Flags.Needed("KEY", "what stands after the key, like you@laptop; or its fingerprint");

    public KeysRemove() : base(Is) => Arguments.Add(comment);

    public override async Task<ExitCode> RunAsync(Run run, CancellationToken ct)
    {
        var named = run.Value(comment)!;
        var keys = await run.Server.ListAsync<SshKeyWire>("/account/keys", ct);
        SshKeyWire[] found = [.. keys.Where(k => k.Comment == named || k.Fingerprint == named)];
        if (found.Length == 0)
        {
            throw StopException.Refused($"You have no SSH key {named}." + (keys.Count == 0 ? "" : $" You have: {string.Join(", ", keys.Select(k => k.Comment))}."));
        }

        await run.Terminal.StepAsync($"Removing {named} SSH key", async () =>
        {
            foreach (var key in found)
            {
                await run.Server.DeleteAsync($"/account/keys/{key.Id}", ct);
            }
        });
        return ExitCode.Ok;
    }
}
