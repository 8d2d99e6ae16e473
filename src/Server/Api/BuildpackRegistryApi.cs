using System.Text;
using Sluice.Apps;
using Sluice.Wire;

namespace Sluice.Api;

/// <summary>
/// The buildpack registry as clients ask it, without a key: it knows the buildpacks that come with this server and nothing of anyone's. A name's
/// <c>blob_url</c> is what clients send back when they set it.
/// </summary>
internal static class BuildpackRegistryApi
{
    private static readonly DateTimeOffset Epoch = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    public static void MapBuildpackRegistry(this IEndpointRouteBuilder api)
    {
        api.MapGet("/buildpacks", Search).Open();
        api.MapGet("/buildpacks/{buildpack}", (string buildpack, Site site) => Find(buildpack).ToWire(site)).Open();
        api.MapGet("/buildpacks/{buildpack}/revisions", Revisions).Open();
        api.MapGet("/buildpacks/{buildpack}/readme", (string buildpack) => Readme(Find(buildpack))).Open();
    }

    /// <summary>What is asked for adds up to one answer: any of the names, any of the namespaces, words of the description.</summary>
    private static RegistryBuildpackWire[] Search(HttpRequest request, Site site)
    {
        string?[] namespaces = [.. request.Query["in[namespace][]"]], names = [.. request.Query["in[name][]"]];
        var like = request.Query["like[description]"].ToString();
        return
        [
            .. BundledBuildpack.All.Select(b => b.ToWire(site)).Where(b => (namespaces.Length == 0 || namespaces.Contains(b.Namespace))
                && (names.Length == 0 || names.Contains(b.Name)) && b.Description.Contains(like, StringComparison.OrdinalIgnoreCase)),
        ];
    }

    private static RegistryRevisionWire[] Revisions(string buildpack) =>
        [new(StableId.Of("buildpack revision", Find(buildpack).Name), 1, "published", null, Epoch)];

    private static RegistryReadmeWire Readme(BundledBuildpack buildpack) =>
        new(Convert.ToBase64String(Encoding.UTF8.GetBytes($"{buildpack.Description}. It comes with this server: its version is the server's.\n")));

    /// <summary>The slash of a name stays encoded in the address.</summary>
    private static BundledBuildpack Find(string name) =>
        BundledBuildpack.All.FirstOrDefault(b => b.Name == Uri.UnescapeDataString(name)) ?? throw Refuse.NotFound("buildpack", Uri.UnescapeDataString(name));

    private static RegistryBuildpackWire ToWire(this BundledBuildpack buildpack, Site site) => new()
    {
        Id = StableId.Of("buildpack", buildpack.Name),
        Namespace = buildpack.Name.Split('/')[0],
        Name = buildpack.Name.Split('/')[1],
        Description = buildpack.Description,
        BlobUrl = "urn:buildpack:" + buildpack.Name,
        Support = new RegistrySupportWire("website", site.PublicUrl.GetLeftPart(UriPartial.Authority)),
    };
}
