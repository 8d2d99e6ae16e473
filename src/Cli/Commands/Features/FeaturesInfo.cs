using System.CommandLine;
using Sluice.Wire;

namespace Sluice.Cli.Commands.Features;

internal sealed class FeaturesInfo : AppCommand
{
    public static readonly About Is = new("features:info", "Say what a feature of an app does", "sluice features:info preboot -a shop", () => new FeaturesInfo());

    private readonly Argument<string> named = Flags.Needed("FEATURE", "name of the feature");
    private readonly Option<bool> json = Flags.Json();

    public FeaturesInfo() : base(Is)
    {
        Arguments.Add(named);
        Options.Add(json);
    }

    public override async Task<ExitCode> RunAsync(Run run, CancellationToken ct)
    {
        var feature = await run.Server.GetAsync<FeatureWire>($"{KnownFeatures.OfApp(await AppAsync(run, ct))}/{Uri.EscapeDataString(run.Value(named)!)}", ct);
        if (run.Value(json))
        {
            run.Json(feature);
        }
        else
        {
            KnownFeatures.Show(run, feature);
        }

        return ExitCode.Ok;
    }
}
