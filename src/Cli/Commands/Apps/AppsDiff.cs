using System.CommandLine;
using System.Text.Json.Nodes;
using Sluice.Cli.Commands.Releases;
using Sluice.Cli.Output;
using Sluice.Wire;

namespace Sluice.Cli.Commands.Apps;

internal sealed class AppsDiff : CliCommand
{
    public static readonly About Is = new("apps:diff", "Show in what two apps differ: slug, config vars, stack, buildpacks, features", "sluice apps:diff shop-staging shop", () => new AppsDiff())
    {
        More = "What differs in the code, commit by commit, is what sluice diff shows.",
    };

    private const int Longest = 56;
    private readonly Argument<string> first = Flags.Needed("APP", "one app");
    private readonly Argument<string> second = Flags.Needed("OTHER", "the other app");
    private readonly Option<bool> json = Flags.Json();

    public AppsDiff() : base(Is)
    {
        Arguments.Add(first);
        Arguments.Add(second);
        Options.Add(json);
    }

    public override async Task<ExitCode> RunAsync(Run run, CancellationToken ct)
    {
        var (one, other) = (run.Value(first)!, run.Value(second)!);
        var (a, b) = (await TraitsAsync(run, one, ct), await TraitsAsync(run, other, ct));
        var differing = a.Keys.Union(b.Keys, StringComparer.Ordinal).Where(trait => a.GetValueOrDefault(trait) != b.GetValueOrDefault(trait)).ToArray();
        if (run.Value(json))
        {
            run.Print(new JsonArray([.. differing.Select(trait => new JsonObject { ["property"] = trait, ["app1"] = a.GetValueOrDefault(trait), ["app2"] = b.GetValueOrDefault(trait) })]));
        }
        else if (differing.Length == 0)
        {
            run.Terminal.Line($"{one} and {other} are alike.");
        }
        else
        {
            var table = new Table("property", one, other);
            foreach (var trait in differing)
            {
                table.Add(trait, Shorten(a.GetValueOrDefault(trait)), Shorten(b.GetValueOrDefault(trait)));
            }

            table.Print(run.Terminal);
        }

        return ExitCode.Ok;
    }

    /// <summary>All that is compared, by the Heroku CLI's names for it.</summary>
    private static async Task<Dictionary<string, string?>> TraitsAsync(Run run, string app, CancellationToken ct)
    {
        var path = $"/apps/{Uri.EscapeDataString(app)}";
        var traits = new Dictionary<string, string?>(StringComparer.Ordinal);
        // What it runs: a release that failed, or is still on its way, is none of it.
        var runs = (await run.Server.ListAsync<ReleaseWire>(Ledger.Path(app), ct)).FirstOrDefault(r => r.Current);
        traits["slug (checksum)"] = runs?.Slug is { } slug ? (await run.Server.GetAsync<SlugWire>($"{path}/slugs/{slug.Id}", ct)).Checksum : null;
        foreach (var (name, value) in (await run.Server.GetAsync<IReadOnlyDictionary<string, string>>($"{path}/config-vars", ct)).OrderBy(v => v.Key, StringComparer.Ordinal))
        {
            traits[$"config ({name})"] = value;
        }

        traits["stack"] = (await run.Server.GetAsync<AppWire>(path, ct)).Stack.Name;
        foreach (var installed in await run.Server.ListAsync<BuildpackInstallationWire>($"{path}/buildpack-installations", ct))
        {
            traits[$"buildpack ({installed.Ordinal})"] = installed.Buildpack.Name ?? installed.Buildpack.Url;
        }

        foreach (var feature in (await run.Server.ListAsync<FeatureWire>($"{path}/features", ct)).Where(f => f.Enabled))
        {
            traits[$"feature ({feature.Name})"] = "enabled";
        }

        return traits;
    }

    private static string Shorten(string? value) => value is null ? "" : value.Length <= Longest ? value : value[..Longest] + "...";
}
