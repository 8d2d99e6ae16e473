using System.CommandLine;
using Sluice.Wire;

namespace Sluice.Cli.Commands.Builds;

internal sealed class BuildsOutput : AppCommand
{
    public static readonly About Is = new("builds:output", "Print what a build said", "sluice builds:output -a shop-staging", () => new BuildsOutput());

    private readonly Argument<string?> build = Flags.Optional("BUILD", "id of the build; without one the newest");

    public BuildsOutput() : base(Is) => Arguments.Add(build);

    public override async Task<ExitCode> RunAsync(Run run, CancellationToken ct)
    {
        var app = await AppAsync(run, ct);
        var path = $"/apps/{Uri.EscapeDataString(app)}/builds";
        var found = run.Value(build) is { } id
            ? await run.Server.GetAsync<BuildWire>($"{path}/{Uri.EscapeDataString(id)}", ct)
            : (await run.Server.ListAsync<BuildWire>(path, ct)).MaxBy(b => b.CreatedAt) ?? throw StopException.Failed($"{app} was never built.");
        await foreach (var line in run.Server.LinesAsync(found.OutputStreamUrl, ct))
        {
            run.Terminal.Line(line);
        }

        return ExitCode.Ok;
    }
}
