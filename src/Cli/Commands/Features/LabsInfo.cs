using System.CommandLine;

namespace Sluice.Cli.Commands.Features;

internal sealed class LabsInfo : AppCommand
{
    public static readonly About Is = new("labs:info", "Say what a feature that is being tried out does", "sluice labs:info pipelines", () => new LabsInfo());

    private readonly Argument<string> named = Flags.Needed("FEATURE", "name of the feature");
    private readonly Option<bool> json = Flags.Json();

    public LabsInfo() : base(Is)
    {
        Arguments.Add(named);
        Options.Add(json);
    }

    public override async Task<ExitCode> RunAsync(Run run, CancellationToken ct)
    {
        var (feature, _) = await KnownFeatures.FindAsync(run, run.Value(named)!, await AnyAppAsync(run, ct), ct);
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
