using System.CommandLine;
using Sluice.Cli.Output;
using Sluice.Wire;

namespace Sluice.Cli.Commands.Releases;

internal sealed class ReleasesInfo : AppCommand
{
    public static readonly About Is = new("releases:info", "Show one release: why, by whom, which slug", "sluice releases:info v3 -a shop", () => new ReleasesInfo());

    private readonly Argument<string?> version = Flags.Optional("RELEASE", "version, like v3; without one the newest");
    private readonly Option<bool> json = Flags.Json();
    private readonly Option<bool> shell = new("--shell", "-s") { Description = "the release's config vars, as lines for a shell" };

    public ReleasesInfo() : base(Is)
    {
        Arguments.Add(version);
        Options.Add(json);
        Options.Add(shell);
    }

    public override async Task<ExitCode> RunAsync(Run run, CancellationToken ct)
    {
        var app = await AppAsync(run, ct);
        var release = await Ledger.FindAsync(run, app, run.Value(version), ct);
        if (run.Value(json))
        {
            run.Json(release);
            return ExitCode.Ok;
        }

        if (run.Value(shell))
        {
            var vars = await run.Server.GetAsync<IReadOnlyDictionary<string, string>>($"{Ledger.Path(app)}/{release.Id}/config-vars", ct);
            foreach (var (name, value) in vars.OrderBy(v => v.Key, StringComparer.Ordinal))
            {
                run.Terminal.Line($"{name}={Shell.Quote(value)}");
            }

            return ExitCode.Ok;
        }

        run.Terminal.Heading($"Release v{release.Version}");
        var table = new Table();
        table.Add("Change:", release.Description);
        table.Add("By:", release.User.Email ?? "");
        table.Add("When:", run.Ago(release.CreatedAt));
        table.Add("Status:", release.Status + (release.Current ? ", current" : ""));
        if (release.WaitingFor is { } why)
            table.Add("Waits:", why);
        if (release.Failure is { } failure)
            table.Add("Failed:", failure);
        if (release.Slug is { } slug)
        {
            var full = await run.Server.GetAsync<SlugWire>($"/apps/{Uri.EscapeDataString(app)}/slugs/{slug.Id}", ct);
            table.Add("Commit:", full.Commit is { Length: > 0 } sha ? sha : "none");
            table.Add("Slug:", full.Checksum ?? (release.Status is "expired" ? "no longer kept" : ""));
        }

        table.Print(run.Terminal);
        return ExitCode.Ok;
    }
}
