using System.CommandLine;
using Sluice.Cli.Commands.Releases;
using Sluice.Wire;

namespace Sluice.Cli.Commands.Apps;

internal sealed class Fork : CliCommand
{
    public static readonly About Is = new("fork", "Make an app like another: config vars, buildpacks, formation and slug", "sluice fork --from shop-staging --to shop-next", () => new Fork())
    {
        More = "The new app is yours and in no pipeline; domains, access and git history stay with the first. A step that fails is told,\n"
            + "and the new app removed again.",
    };

    private readonly Option<string> from = new("--from") { Description = "app to copy", HelpName = "APP", Required = true };
    private readonly Option<string> to = new("--to") { Description = "name of the new app", HelpName = "APP", Required = true };
    private readonly Option<bool> json = Flags.Json();

    public Fork() : base(Is)
    {
        Options.Add(from);
        Options.Add(to);
        Options.Add(json);
    }

    public override async Task<ExitCode> RunAsync(Run run, CancellationToken ct)
    {
        var source = await run.Server.GetAsync<AppWire>(Path(run.Value(from)!), ct);
        var release = (await Ledger.NewestAsync(run, source.Name, 100, ct)).FirstOrDefault(r => r.Current);
        var fork = await run.Terminal.StepAsync($"Creating {run.Value(to)}", () => run.Server.PostAsync<CreateAppWire, AppWire>("/apps", new(run.Value(to)), ct));
        try
        {
            await CopyAsync(run, source, fork, release, ct);
        }
        catch
        {
            await run.Terminal.StepAsync($"Removing {fork.Name} again", () => run.Server.DeleteAsync(Path(fork.Name), CancellationToken.None));
            throw;
        }

        if (run.Value(json))
        {
            run.Json(await run.Server.GetAsync<AppWire>(Path(fork.Name), ct));
        }
        else
        {
            run.Terminal.Line($"Fork complete: {fork.Name} is at {fork.WebUrl}");
        }

        return ExitCode.Ok;
    }

    private static async Task CopyAsync(Run run, AppWire source, AppWire fork, ReleaseWire? release, CancellationToken ct)
    {
        var (old, made) = (Path(source.Name), Path(fork.Name));
        await run.Terminal.StepAsync("Copying config vars", async () =>
        {
            var config = await run.Server.GetAsync<IReadOnlyDictionary<string, string>>($"{old}/config-vars", ct);
            if (config.Count > 0)
            {
                await run.Server.PatchAsync<IReadOnlyDictionary<string, string>, IReadOnlyDictionary<string, string>>($"{made}/config-vars", config, ct);
            }
        });
        await run.Terminal.StepAsync("Copying buildpacks", async () =>
        {
            var buildpacks = await run.Server.ListAsync<BuildpackInstallationWire>($"{old}/buildpack-installations", ct);
            if (buildpacks.Count > 0)
            {
                var updates = buildpacks.OrderBy(b => b.Ordinal).Select(b => new BuildpackUpdateWire(b.Buildpack.Name ?? b.Buildpack.Url));
                await run.Server.PutAsync<UpdateBuildpacksWire, IReadOnlyList<BuildpackInstallationWire>>($"{made}/buildpack-installations", new([.. updates]), ct);
            }
        });
        if (release?.Slug is { } slug)
        {
            await run.Terminal.StepAsync("Copying slug", () => ReleaseAsync(run, source, made, release.Version, slug.Id, ct), copy => $"v{copy.Version}");
            await run.Terminal.StepAsync("Copying formation", () => ScaleAsync(run, old, made, ct));
        }
    }

    private static async Task<ReleaseWire> ReleaseAsync(Run run, AppWire source, string made, int version, Guid slug, CancellationToken ct)
    {
        var release = await run.Server.PostAsync<CreateReleaseWire, ReleaseWire>($"{made}/releases", new(Slug: slug.ToString(), Description: $"Fork {source.Name} v{version}"), ct);
        while (release.Status is "pending")
        {
            await Task.Delay(TimeSpan.FromMilliseconds(100), run.Surroundings.Clock, ct);
            release = await run.Server.GetAsync<ReleaseWire>($"{made}/releases/{release.Id}", ct);
        }

        return release.Status is "succeeded" ? release : throw StopException.Failed(release.Failure ?? "The slug's release failed.");
    }

    private static async Task ScaleAsync(Run run, string old, string made, CancellationToken ct)
    {
        var formation = await run.Server.ListAsync<FormationWire>($"{old}/formation", ct);
        await run.Server.PatchAsync<UpdateFormationWire, IReadOnlyList<FormationWire>>($"{made}/formation", new([.. formation.Select(f => new FormationUpdateWire(f.Type, $"{f.Quantity}", f.Size))]), ct);
    }

    private static string Path(string app) => $"/apps/{Uri.EscapeDataString(app)}";
}
