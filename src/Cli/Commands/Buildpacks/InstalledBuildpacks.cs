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

    /// <summary>From a place that a person counts from 1 to one in the list.</summary>
    /// <exception cref="StopException">There is no such place.</exception>
    public static int At(int place, string app, string[] buildpacks, int last) =>
        place < 1 ? throw StopException.Usage($"Places are counted from 1; there is no place {place}.")
        : place > last ? throw StopException.Refused($"There is no place {place}: {app} has {Output.Words.Count(buildpacks.Length, "buildpack")}{(buildpacks.Length == 0 ? "" : ", " + string.Join(", ", buildpacks))}.")
        : place - 1;

    private static string Path(string app) => $"/apps/{Uri.EscapeDataString(app)}/buildpack-installations";
}
