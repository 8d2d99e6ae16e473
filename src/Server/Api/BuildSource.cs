using Sluice.Sources;

namespace Sluice.Api;

/// <summary>A tarball that is ready to be built.</summary>
/// <param name="File">Full path in <c>DIR/uploads</c>; the build's from now on.</param>
/// <param name="Archive">The commit that it holds, when it came from a repository here.</param>
internal sealed record TakenSource(string File, ArchivedCommit? Archive);

/// <summary>Gets what a <c>source_blob</c> names: what was uploaded here, a commit of a repository here, or what lies elsewhere.</summary>
internal sealed class BuildSource(Uploads uploads, SourceFetch fetch, Repositories repositories, Tickets tickets, AppTickets appTickets, Links links)
{
    public async Task<TakenSource> TakeAsync(string url, CancellationToken ct)
    {
        if (SourcesApi.UploadAt(url, links, tickets) is { } upload)
            return new TakenSource(uploads.Exists(upload) ? uploads.CopyFor(upload) : throw Refuse.Invalid("Nothing was uploaded to this source yet: PUT a tarball to its put_url first."), null);
        if (await RepositoriesApi.ArchiveAtAsync(url, links, appTickets, ct) is { } archive)
        {
            var file = uploads.FileForBuild();
            await repositories.ArchiveAsync(archive.App, archive.Sha, null, archive.Folder, file, ct);
            return new TakenSource(file, archive);
        }
        var fetched = Guid.CreateVersion7();
        await fetch.FetchAsync(url, body => uploads.ReceiveAsync(fetched, body, ct), ct);
        var copy = uploads.CopyFor(fetched);
        uploads.Remove(fetched);
        return new TakenSource(copy, null);
    }

    /// <summary>Where a source came from may be shown; the key to it may not.</summary>
    public static string WithoutSecret(string url)
    {
        var uri = new UriBuilder(url) { Query = "", Fragment = "", UserName = "", Password = "" }.Uri;
        var secret = new[] { SourcesApi.Path, RepositoriesApi.Path }.FirstOrDefault(path => uri.AbsolutePath.StartsWith(path, StringComparison.Ordinal));
        return (secret is null ? uri : new Uri(uri, secret)).ToString();
    }
}
