using System.CommandLine;
using Sluice.Wire;

namespace Sluice.Cli.Commands.Features;

/// <summary>On and off for the account, or for an app when the feature is one of apps.</summary>
internal sealed class LabsSet : AppCommand
{
    public static readonly About Enable = new("labs:enable", "Turn on a feature that is being tried out", "sluice labs:enable pipelines", () => new LabsSet(Enable!, true));
    public static readonly About Disable = new("labs:disable", "Turn such a feature off again", "sluice labs:disable pipelines", () => new LabsSet(Disable!, false));

    private readonly bool wanted;
    private readonly Argument<string> named = Flags.Needed("FEATURE", "name of the feature");

    private LabsSet(About about, bool wanted) : base(about)
    {
        this.wanted = wanted;
        Arguments.Add(named);
    }

    public override async Task<ExitCode> RunAsync(Run run, CancellationToken ct)
    {
        var app = await AnyAppAsync(run, ct);
        var (feature, at) = await KnownFeatures.FindAsync(run, run.Value(named)!, app, ct);
        var owner = at == KnownFeatures.OfAccount ? (await run.Server.GetAsync<AccountWire>("/account", ct)).Email : app!;
        await KnownFeatures.SetAsync(run, feature, at, owner, wanted, ct);
        return ExitCode.Ok;
    }
}
