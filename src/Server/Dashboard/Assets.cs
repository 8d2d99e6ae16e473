using System.Collections.Frozen;
using System.IO.Compression;
using System.Reflection;
using System.Security.Cryptography;

namespace Sluice.Dashboard;

/// <summary>
/// Style sheet and scripts, inside the binary: read once, compressed once, and named by their content, so that a browser keeps them for ever and a new
/// build is seen at once.
/// </summary>
public sealed class Assets
{
    private readonly FrozenDictionary<string, Asset> all = Assembly.GetExecutingAssembly().GetManifestResourceNames()
        .Where(name => name.StartsWith("dashboard/", StringComparison.Ordinal)).Select(Read).ToFrozenDictionary(asset => asset.Name, StringComparer.Ordinal);

    /// <summary><c>/dashboard/assets/0f0a53b1c2d3/sluice.css</c></summary>
    public string AddressOf(string name) => $"/dashboard/assets/{all[name].Version}/{name}";

    /// <summary>Answers 404 for what is not one of ours; an older version's name gets what there is now.</summary>
    public async Task SendAsync(HttpContext http, string name, CancellationToken ct)
    {
        if (!all.TryGetValue(name, out var asset))
        {
            http.Response.StatusCode = StatusCodes.Status404NotFound;
            return;
        }

        var zipped = http.Request.Headers.AcceptEncoding.ToString().Contains("gzip", StringComparison.Ordinal);
        http.Response.ContentType = Path.GetExtension(name) switch { ".css" => "text/css; charset=utf-8", ".svg" => "image/svg+xml", _ => "text/javascript; charset=utf-8" };
        http.Response.Headers.CacheControl = "public, max-age=31536000, immutable";
        http.Response.Headers.Vary = "Accept-Encoding";
        if (zipped)
            http.Response.Headers.ContentEncoding = "gzip";
        var bytes = zipped ? asset.Zipped : asset.Plain;
        http.Response.ContentLength = bytes.Length;
        await http.Response.Body.WriteAsync(bytes, ct);
    }

    private static Asset Read(string resource)
    {
        using var stream = Assembly.GetExecutingAssembly().GetManifestResourceStream(resource)!;
        using var plain = new MemoryStream();
        stream.CopyTo(plain);
        using var zipped = new MemoryStream();
        using (var gzip = new GZipStream(zipped, CompressionLevel.SmallestSize))
            gzip.Write(plain.GetBuffer(), 0, (int)plain.Length);
        var version = Convert.ToHexStringLower(SHA256.HashData(plain.ToArray()))[..12];
        return new Asset(resource["dashboard/".Length..], version, plain.ToArray(), zipped.ToArray());
    }

    private sealed record Asset(string Name, string Version, byte[] Plain, byte[] Zipped);
}
