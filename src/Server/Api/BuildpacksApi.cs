using System.Collections.Immutable;
using Sluice.Accounts;
using Sluice.Apps;
using Sluice.Wire;

namespace Sluice.Api;

internal static class BuildpacksApi
{
    public static void MapBuildpacks(this IEndpointRouteBuilder api)
    {
        api.MapGet("/apps/{name}/buildpack-installations", List).ForApp(Permission.View);
        api.MapPut("/apps/{name}/buildpack-installations", Replace).ForApp(Permission.Operate);
    }

    private static async Task<BuildpackInstallationWire[]> List(App app, BuildpackList buildpacks, CancellationToken ct) =>
        ToWire(await buildpacks.ListAsync(app.Id, ct));

    private static async Task<BuildpackInstallationWire[]> Replace(
        RequestBody body, App app, Principal who, BuildpackList buildpacks, CancellationToken ct)
    {
        ImmutableArray<string> wanted = [.. body.Items("updates").Select(NameIn)];
        if (!body.Has("updates"))
            body.Fault("updates is missing.");
        body.RefuseFaults();
        return ToWire(await buildpacks.ReplaceAsync(app, wanted, who, ct));
    }

    /// <summary>A client that found nothing in the registry sends the place of the buildpack with nothing in it.</summary>
    private static string NameIn(RequestBody update)
    {
        var name = update.Text("buildpack");
        if (name is "" || !update.Has("buildpack"))
            update.FaultIn("buildpack", $"is missing. If you named one, the registry of this server does not know it. Bundled are {BundledBuildpack.Names}; others are named by an http(s) address.");
        return name ?? "";
    }

    private static BuildpackInstallationWire[] ToWire(ImmutableArray<string> urls) =>
        [.. urls.Select((url, i) => new BuildpackInstallationWire(i, new BuildpackWire(url, BuildpackList.NameOf(url))))];
}
