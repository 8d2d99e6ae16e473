using System.Runtime.InteropServices;

namespace Sluice.Cli.Commands.Own;

internal sealed class Version : CliCommand
{
    public static readonly About Is = new("version", "Print the version of this command line", "sluice version", () => new Version());

    public Version() : base(Is)
    {
    }

    public override Task<ExitCode> RunAsync(Run run, CancellationToken ct)
    {
        run.Terminal.Line($"sluice {typeof(Version).Assembly.GetName().Version?.ToString(3)} {RuntimeInformation.RuntimeIdentifier} {RuntimeInformation.FrameworkDescription}");
        return Task.FromResult(ExitCode.Ok);
    }
}
