using Sluice.Wire;

namespace Sluice.Cli.Commands.Buildpacks;

/// <summary>An app's buildpacks in the order in which they run; the API replaces the list as a whole.</summary>
internal static class InstalledBuildpacks
{
    public static async Task<string[]> ReadAsync(Run run, string app, CancellationToken ct) =>
        [.. (await run.Server.ListAsync<BuildpackInstallationWire>(Path(app), ct)).OrderBy(b => b.Ordinal).Select(b => b.Buildpack.Name ?? b.Buildpack.Url)];

    public static async Task ReplaceAsync(Run run, string app, string[] buildpacks, CancellationToken ct)
    {
        await run.Server.PutAsync<UpdateBuildpacksWire, IReadOnlyList<BuildpackInstallationWire>>(Path(app), new([.. buildpacks.Select(b => new BuildpackUpdateWire(b))]), ct);
        run.Terminal.Note(buildpacks.Length == 0
            ? $"{app} has no buildpacks set. The next push finds out by itself which one fits."
            : $"The next push to {app} uses: {string.Join(", then ", buildpacks)}");
    }

    private static string Path(string app) => $"/apps/{Uri.EscapeDataString(app)}/buildpack-installations";
}
