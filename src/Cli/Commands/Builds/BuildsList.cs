using System.CommandLine;
using Sluice.Cli.Output;
using Sluice.Wire;

namespace Sluice.Cli.Commands.Builds;

internal sealed class BuildsList : AppCommand
{
    public static readonly About Is = new("builds", "List an app's builds, newest first", "sluice builds -a shop-staging", () => new BuildsList());

    private readonly Option<int> number = new("--num", "-n") { Description = "how many", HelpName = "N", DefaultValueFactory = _ => 10 };
    private readonly Option<bool> json = Flags.Json();

    public BuildsList() : base(Is)
    {
        Options.Add(number);
        Options.Add(json);
    }

    public override async Task<ExitCode> RunAsync(Run run, CancellationToken ct)
    {
        var app = await AppAsync(run, ct);
        var builds = (await run.Server.ListAsync<BuildWire>($"/apps/{Uri.EscapeDataString(app)}/builds", ct)).OrderByDescending(b => b.CreatedAt).Take(Math.Max(1, run.Value(number))).ToArray();
        if (run.Value(json))
        {
            run.Json<IReadOnlyList<BuildWire>>(builds);
            return ExitCode.Ok;
        }

        if (builds.Length == 0)
        {
            run.Terminal.Note($"{app} was never built. Push to it with: git push sluice main");
            return ExitCode.Ok;
        }

        var table = new Table("build", "commit", "status", "by", "when");
        foreach (var build in builds)
        {
            var status = build.Status is "succeeded" ? run.Terminal.Good(build.Status) : build.Status is "failed" ? run.Terminal.Bad(build.Status) : build.Status;
            table.Add(build.Id.ToString(), Words.Short(build.SourceBlob.Version), status, build.User.Email, run.Ago(build.CreatedAt));
        }

        table.Print(run.Terminal);
        return ExitCode.Ok;
    }
}
