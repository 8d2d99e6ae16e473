using System.Collections.Immutable;
using Sluice.Accounts;
using Sluice.Storage;

namespace Sluice.Apps;

/// <summary>Which buildpacks an app's builds use, in order; empty means that the build finds out. Bundled ones are <c>urn:buildpack:heroku/nodejs</c>.</summary>
public sealed class BuildpackList(Db db)
{
    private const string Urn = "urn:buildpack:";
    private const int MaxCount = 20;

    public Task<ImmutableArray<string>> ListAsync(AppId app, CancellationToken ct) =>
        db.ListAsync($"SELECT url FROM buildpack_installations WHERE app_id = {app} ORDER BY ordinal", row => row.Text("url"), ct);

    /// <summary>Replaces the list; all faults are refused together.</summary>
    public async Task<ImmutableArray<string>> ReplaceAsync(App app, ImmutableArray<string> buildpacks, Principal who, CancellationToken ct)
    {
        var urls = buildpacks.Select(Canonical).ToImmutableArray();
        var faults = urls.SelectMany(Faults).ToList();
        if (urls.Length > MaxCount)
            faults.Add($"An app may have {MaxCount} buildpacks; these are {urls.Length}.");
        if (faults.Count > 0)
            throw Refuse.Invalid(faults);
        await db.WriteAsync(
            new Act("buildpacks.update", app.Name, who.Account, app.Id, who.RequestId),
            tx =>
            {
                tx.Execute($"DELETE FROM buildpack_installations WHERE app_id = {app.Id}");
                foreach (var (ordinal, url) in urls.Index())
                    tx.Execute($"INSERT INTO buildpack_installations (app_id, ordinal, url) VALUES ({app.Id}, {ordinal}, {url})");
            },
            ct);
        return urls;
    }

    /// <summary>What people are shown for a stored address: a bundled one by its name.</summary>
    public static string NameOf(string url) => url.StartsWith(Urn, StringComparison.Ordinal) ? url[Urn.Length..] : url;

    private static string Canonical(string buildpack) =>
        IsName(buildpack) ? Urn + buildpack : buildpack;

    private static bool IsName(string text) =>
        text.Count(c => c == '/') == 1 && !text.Contains(':') && !text.StartsWith('/') && !text.EndsWith('/');

    private static IEnumerable<string> Faults(string url)
    {
        var isBundled = url.StartsWith(Urn, StringComparison.Ordinal) && IsName(url[Urn.Length..]);
        var isAddress = Uri.TryCreate(url, UriKind.Absolute, out var uri) && uri.Scheme is "https" or "http" && uri.Host.Length > 0;
        if (url.Length > 2000 || url.Any(char.IsControl) || !(isBundled || isAddress))
            yield return $"A buildpack is a name like heroku/nodejs or an http(s) address; this is {(url.Length <= 100 ? url : url[..97] + "...")}.";
    }
}
