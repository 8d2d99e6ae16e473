using System.CommandLine;

namespace Sluice.Cli.Commands.Releases;

internal sealed class ReleasesOutput : AppCommand
{
    public static readonly About Is = new("releases:output", "Print what a release's command said", "sluice releases:output v3 -a shop", () => new ReleasesOutput());

    private readonly Argument<string?> version = Flags.Optional("RELEASE", "version, like v3; without one the newest");

    public ReleasesOutput() : base(Is) => Arguments.Add(version);

    public override async Task<ExitCode> RunAsync(Run run, CancellationToken ct)
    {
        var app = await AppAsync(run, ct);
        var release = await Ledger.FindAsync(run, app, run.Value(version), ct);
        if (!await Ledger.StreamOutputAsync(run, release, run.Terminal.Line, ct))
        {
            run.Terminal.Note($"Release v{release.Version} has no release output available.");
        }

        return ExitCode.Ok;
    }
}
