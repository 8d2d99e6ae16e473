using System.CommandLine;
using Sluice.Wire;

namespace Sluice.Cli.Commands.Features;

/// <summary>On and off for one app. What is so already is refused, as by the Heroku CLI.</summary>
internal sealed class FeaturesSet : AppCommand
{
    public static readonly About Enable = new("features:enable", "Turn a feature of an app on", "sluice features:enable runtime-dyno-metadata -a shop", () => new FeaturesSet(Enable!, true));
    public static readonly About Disable = new("features:disable", "Turn a feature of an app off", "sluice features:disable runtime-dyno-metadata -a shop", () => new FeaturesSet(Disable!, false));

    private readonly bool wanted;
    private readonly Argument<string> named = Flags.Needed("FEATURE", "name of the feature");

    private FeaturesSet(About about, bool wanted) : base(about)
    {
        this.wanted = wanted;
        Arguments.Add(named);
    }

    public override async Task<ExitCode> RunAsync(Run run, CancellationToken ct)
    {
        var app = await AppAsync(run, ct);
        var feature = await run.Server.GetAsync<FeatureWire>($"{KnownFeatures.OfApp(app)}/{Uri.EscapeDataString(run.Value(named)!)}", ct);
        if (feature.Enabled == wanted)
        {
            throw StopException.Refused($"{feature.Name} is already {(wanted ? "enabled" : "disabled")}.");
        }

        await KnownFeatures.SetAsync(run, feature, KnownFeatures.OfApp(app), app, wanted, ct);
        return ExitCode.Ok;
    }
}
