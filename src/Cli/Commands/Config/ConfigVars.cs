using Sluice.Wire;

namespace Sluice.Cli.Commands.Config;

/// <summary>What the config commands share: read the map, change it, name the release that the change made.</summary>
internal static class ConfigVars
{
    public static Task<IReadOnlyDictionary<string, string>> ReadAsync(Run run, string app, CancellationToken ct) =>
        run.Server.GetAsync<IReadOnlyDictionary<string, string>>(Path(app), ct);

    /// <summary>A null removes. The release may still be waiting its turn when this returns.</summary>
    public static async Task ChangeAsync(Run run, string app, string verb, IReadOnlyDictionary<string, string?> changes, CancellationToken ct)
    {
        var names = string.Join(", ", changes.Keys);
        var before = await ReadIfAllowedAsync(run, app, ct);
        if (before is not null && changes.All(change => before.GetValueOrDefault(change.Key) == change.Value))
        {
            var are = changes.Count == 1 ? "is" : "are";
            run.Terminal.Note($"{names} {are} {(changes.Values.All(value => value is null) ? "not set" : "so already")} on {app}: nothing to change.");
            return;
        }

        await run.Terminal.StepAsync($"{verb} {names} and restarting {app}", async () =>
        {
            await run.Server.PatchAsync<IReadOnlyDictionary<string, string?>, IReadOnlyDictionary<string, string>>(Path(app), changes, ct);
            var releases = await run.Server.PageAsync<ReleaseWire>($"/apps/{Uri.EscapeDataString(app)}/releases", "version ..; order=desc,max=1", ct);
            return releases.FirstOrDefault();
        }, release => release is null ? null : $"v{release.Version}");
    }

    /// <summary>Null for somebody who may set config vars and not read them.</summary>
    private static async Task<IReadOnlyDictionary<string, string>?> ReadIfAllowedAsync(Run run, string app, CancellationToken ct)
    {
        try
        {
            return await ReadAsync(run, app, ct);
        }
        catch (SluiceException refused) when (refused.Status == 403)
        {
            return null;
        }
    }

    private static string Path(string app) => $"/apps/{Uri.EscapeDataString(app)}/config-vars";
}
