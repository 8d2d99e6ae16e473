using System.CommandLine;
using Sluice.Wire;

namespace Sluice.Cli.Commands.Keys;

internal sealed class KeysList : CliCommand
{
    public static readonly About Is = new("keys", "List the SSH keys that are kept for you; git goes over https and needs none", "sluice keys", () => new KeysList());

    private readonly Option<bool> whole = new("--long", "-l") { Description = "whole keys" };
    private readonly Option<bool> json = Flags.Json();

    public KeysList() : base(Is)
    {
        Options.Add(whole);
        Options.Add(json);
    }

    public override async Task<ExitCode> RunAsync(Run run, CancellationToken ct)
    {
        var keys = await run.Server.ListAsync<SshKeyWire>("/account/keys", ct);
        if (run.Value(json))
        {
            run.Json(keys);
            return ExitCode.Ok;
        }

        if (keys.Count == 0)
        {
            run.Terminal.Warning("You have no SSH keys. Git goes over https here and needs none.");
            return ExitCode.Ok;
        }

        run.Terminal.Heading($"{keys[0].Email} keys");
        foreach (var key in keys)
        {
            run.Terminal.Line(run.Value(whole) ? key.PublicKey : Brief(key));
        }

        return ExitCode.Ok;
    }

    private static string Brief(SshKeyWire key)
    {
        var parts = key.PublicKey.Split(' ', 3);
        return $"{parts[0]} {parts[1][..10]}...{parts[1][^10..]} {key.Comment}".TrimEnd();
    }
}
