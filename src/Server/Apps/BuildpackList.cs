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
        var faults = Faults(urls).ToList();
        if (faults.Count > 0)
            throw Refuse.Invalid(faults);
        await db.WriteAsync(
            new Act("buildpacks.update", app.Name, who.Account, app.Id, who.RequestId),
            tx => Replace(tx, app.Id, urls),
            ct);
        return urls;
    }

    /// <summary>The same for a list without faults, inside a transaction of the caller's.</summary>
    public static void Replace(Tx tx, AppId app, ImmutableArray<string> buildpacks)
    {
        tx.Execute($"DELETE FROM buildpack_installations WHERE app_id = {app}");
        foreach (var (ordinal, url) in buildpacks.Select(Canonical).Index())
            tx.Execute($"INSERT INTO buildpack_installations (app_id, ordinal, url) VALUES ({app}, {ordinal}, {url})");
    }

    /// <summary>What is wrong with a list, a sentence each; none when it is good.</summary>
    public static IEnumerable<string> Faults(ImmutableArray<string> buildpacks)
    {
        foreach (var fault in buildpacks.SelectMany(Faults).Concat(Duplicates(buildpacks)))
            yield return fault;
        if (buildpacks.Length > MaxCount)
            yield return $"An app may have {MaxCount} buildpacks; these are {buildpacks.Length}.";
    }

    /// <summary>What people are shown for a stored address: a bundled one by its name.</summary>
    public static string NameOf(string url) => url.StartsWith(Urn, StringComparison.Ordinal) ? url[Urn.Length..] : url;

    private static string Canonical(string buildpack) =>
        BundledBuildpack.Find(buildpack) is { } ours ? Urn + ours.Name : buildpack;

    /// <summary>Whatever is wrong, an address with a password in it is never repeated.</summary>
    private static IEnumerable<string> Faults(string url)
    {
        if (BundledBuildpack.Find(url) is not null)
            yield break;
        if (url.Length > 2000 || url.Any(c => char.IsControl(c) || char.IsWhiteSpace(c)))
            yield return "A buildpack's address has at most 2000 characters, and no blanks among them.";
        else if (!Uri.TryCreate(url, UriKind.Absolute, out var uri) || uri.Scheme is not ("https" or "http") || uri.Host.Length == 0)
            yield return url.Contains('@')
                ? "A buildpack is the name of a bundled one or an http(s) address."
                : $"There is no buildpack {(url.Length <= 100 ? url : url[..97] + "...")}. Bundled are {BundledBuildpack.Names}; others are named by an http(s) address.";
        else if (uri.UserInfo.Length > 0)
            yield return $"The address of a buildpack at {uri.Host} holds a user name or password, which everyone who may see the app could read. Use an address without.";
    }

    private static IEnumerable<string> Duplicates(ImmutableArray<string> urls) =>
        urls.GroupBy(url => BundledBuildpack.Find(url)?.Folder ?? url, StringComparer.Ordinal)
            .Where(same => same.Count() > 1 && !same.Key.Contains('@'))
            .Select(same => $"{string.Join(" and ", same.Select(NameOf).Distinct(StringComparer.Ordinal).Select(n => n.Length <= 100 ? n : n[..97] + "..."))} would run twice: name a buildpack once.");
}
