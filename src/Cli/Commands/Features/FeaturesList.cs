using System.CommandLine;
using Sluice.Wire;

namespace Sluice.Cli.Commands.Features;

internal sealed class FeaturesList : AppCommand
{
    public static readonly About Is = new("features", "List the features of an app", "sluice features -a shop", () => new FeaturesList());

    private readonly Option<bool> json = Flags.Json();

    public FeaturesList() : base(Is) => Options.Add(json);

    public override async Task<ExitCode> RunAsync(Run run, CancellationToken ct)
    {
        var app = await AppAsync(run, ct);
        IReadOnlyList<FeatureWire> features = [.. (await run.Server.ListAsync<FeatureWire>(KnownFeatures.OfApp(app), ct)).Where(f => f.IsGeneral())];
        if (run.Value(json))
        {
            run.Json(features);
            return ExitCode.Ok;
        }

        run.Terminal.Heading($"App Features {app}");
        features.Print(run);
        return ExitCode.Ok;
    }
}
