using System.Collections.Immutable;
using Sluice.Apps;

namespace Sluice.Builds;

/// <summary>One buildpack of a build: bundled, or to be fetched inside the sandbox from git or as an archive.</summary>
/// <param name="Kind">bundled, git or archive</param>
/// <param name="Where">The bundled one's folder, or an address.</param>
/// <param name="Ref">Branch, tag or commit of a git one; null for its default.</param>
/// <param name="Url">As it was asked for; what people are shown.</param>
internal sealed record BuildpackChoice(string Kind, string Where, string? Ref, string Url)
{
    private const string Urn = "urn:buildpack:";

    public string Shown => Url.StartsWith(Urn, StringComparison.Ordinal) ? Url[Urn.Length..] : Url;

    /// <summary>Heroku's name of a bundled folder.</summary>
    public static string NameOf(string folder) => BundledBuildpack.All.First(b => b.Folder == folder).Name;

    /// <summary>What <c>BUILDPACK_URL</c> says if it is set, else the app's list; empty means that the build finds out.</summary>
    /// <exception cref="RefusedException">A name is none of ours, or an address is no address.</exception>
    public static ImmutableArray<BuildpackChoice> Of(IEnumerable<string> installed, string? buildpackUrl) =>
        string.IsNullOrWhiteSpace(buildpackUrl) ? [.. installed.Select(Parse)] : [Parse(buildpackUrl.Trim())];

    /// <summary><c>kind TAB where TAB ref TAB shown</c>, for the driver; no part can hold a tab or a newline.</summary>
    public string Line => string.Join('\t', Kind, Where, Ref ?? "-", Shown);

    internal static BuildpackChoice Parse(string url)
    {
        if (BundledBuildpack.Find(url) is { } ours)
            return new BuildpackChoice("bundled", ours.Folder, null, url);
        if (url.Any(c => char.IsControl(c) || char.IsWhiteSpace(c)) || !Uri.TryCreate(url, UriKind.Absolute, out var uri) || uri.Scheme is not ("https" or "http"))
            throw Refuse.Invalid($"There is no buildpack {Printable(url.StartsWith(Urn, StringComparison.Ordinal) ? url[Urn.Length..] : url)}. Bundled are {BundledBuildpack.Names}; others are named by an https address.");
        var plain = uri.GetComponents(UriComponents.AbsoluteUri & ~UriComponents.Fragment, UriFormat.UriEscaped);
        if (uri.AbsolutePath.EndsWith(".tgz", StringComparison.Ordinal) || uri.AbsolutePath.EndsWith(".tar.gz", StringComparison.Ordinal))
            return new BuildpackChoice("archive", plain, null, url);
        var reference = uri.Fragment.TrimStart('#');
        if (reference.StartsWith('-') || reference.Any(c => !char.IsAsciiLetterOrDigit(c) && !"-_./@+".Contains(c)))
            throw Refuse.Invalid($"The buildpack {Printable(url)} names no branch, tag or commit after #.");
        return new BuildpackChoice("git", plain, reference.Length == 0 ? null : reference, url);
    }

    private static string Printable(string text) => new([.. text.Where(c => !char.IsControl(c)).Take(200)]);
}
