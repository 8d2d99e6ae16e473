using Microsoft.AspNetCore.Http.HttpResults;
using Sluice.Accounts;
using Sluice.Apps;
using Sluice.Sources;
using Sluice.Wire;

namespace Sluice.Api;

/// <summary>What clients ask a code host, answered from our own repositories: <c>sluice/APP</c> is that of an app.</summary>
internal static class RepositoriesApi
{
    /// <summary>What addresses of archives begin with; the rest is their secret.</summary>
    public const string Path = "/archives/";

    private const string Archive = "get archive";

    public static void MapRepositories(this IEndpointRouteBuilder api)
    {
        api.MapGet("/account/github/token", Token).ForAccount();
        api.MapGet("/repos/{owner}/{repo}", Info).AskedInside(Permission.View).OrRepositoryToken();
        api.MapGet("/repos/{owner}/{repo}/compare/{range}", Compare).AskedInside(Permission.View).OrRepositoryToken();
        api.MapGet("/github/repos/{owner}/{repo}/tarball/{*reference}", Tarball).AskedInside(Permission.Deploy);
        api.MapMethods(Path + "{ticket}", ["GET", "HEAD"], Send).Open();
    }

    /// <summary>The commit that an address of ours means; null for any other address.</summary>
    public static async Task<ArchivedCommit?> ArchiveAtAsync(string url, Links links, AppTickets tickets, CancellationToken ct) =>
        Uri.TryCreate(url, UriKind.Absolute, out var uri) && links.IsOurs(uri) && uri.AbsolutePath.StartsWith(Path, StringComparison.Ordinal)
            ? (await tickets.OpenAsync<ArchivedCommit>(Archive, uri.AbsolutePath[Path.Length..], ct)).About
            : null;

    private static GithubAccountWire Token(HttpContext http, Principal who, RepositoryTokens tokens) => new(
        who.Account.Value,
        new HerokuIdentityWire(who.Account.Value),
        new GithubIdentityWire(RepositoryNumber.Of(new AppId(who.Account.Value)), tokens.Make(Doorman.KeyOf(http.Request)!)));

    private static async Task<RepositoryWire> Info(
        string owner, string repo, Principal who, AppRepositories repositories, Repositories store, Site site, CancellationToken ct) =>
        await (await repositories.FindAsync(owner, repo, who, ct)).ToRepositoryAsync(store, site, ct);

    /// <summary>Commits may be of any app in that repository's pipeline that the caller may see.</summary>
    private static async Task<ComparisonWire> Compare(
        string owner, string repo, string range, Principal who, AppRepositories repositories, Comparison comparison, CancellationToken ct)
    {
        var app = await repositories.FindAsync(owner, repo, who, ct);
        var ends = range.Split("...");
        if (ends.Length != 2 || !ends.All(Commit.IsSha))
            throw Refuse.Invalid("Write what to compare as BASE...HEAD, each a commit's 40 hex digits.");
        var family = await repositories.FamilyAsync(app, who, ct);
        var diff = await comparison.DiffAsync([app.Id, .. family.Select(a => a.Id)], ends[0], ends[1], ct)
            ?? throw Refuse.NotFound("commit", range);
        return new ComparisonWire
        {
            Status = (diff.AheadBy, diff.BehindBy) switch { (0, 0) => "identical", (0, _) => "behind", (_, 0) => "ahead", _ => "diverged" },
            AheadBy = diff.AheadBy,
            BehindBy = diff.BehindBy,
            TotalCommits = diff.AheadBy,
            Commits = [.. diff.Ahead.Reverse().Select(c => new ComparedCommitWire(c.Sha, new CommitWire(new CommitAuthorWire(c.Author, c.AuthorEmail, c.At), c.Subject)))],
        };
    }

    private static async Task<ArchiveLinkWire> Tarball(
        string owner, string repo, string reference, Principal who, AppRepositories repositories, Lookup lookup, Repositories store, AppTickets tickets, Links links, CancellationToken ct)
    {
        // Source goes to those who may deploy, as by git.
        var app = await lookup.AppAsync((await repositories.FindAsync(owner, repo, who, ct)).Id.ToString(), Permission.Deploy, who, ct);
        var sha = Commit.IsSha(reference) ? reference : await store.BranchAsync(app.Id, reference, ct);
        if (sha is null || await store.CommitAsync(app.Id, sha, null, ct) is null)
            throw Refuse.NotFound("commit", $"{reference} in {AppRepositories.NameOf(app)}");
        return new ArchiveLinkWire(links.To(Path + tickets.Make(Archive, app.Id, Permission.Deploy, new ArchivedCommit(app.Id, sha), StreamsApi.TicketLasts)));
    }

    private static async Task<Results<PhysicalFileHttpResult, Ok>> Send(
        HttpContext http, string ticket, AppTickets tickets, Repositories store, DataFolder data, CancellationToken ct)
    {
        var (app, sha) = (await tickets.OpenAsync<ArchivedCommit>(Archive, ticket, ct)).About;
        if (!Directory.Exists(data.Repository(app)) || await store.CommitAsync(app, sha, null, ct) is null)
            throw Refuse.NotFound("commit", sha);
        http.Response.ContentType = "application/x-tar";
        if (HttpMethods.IsHead(http.Request.Method))
            return TypedResults.Ok();
        Directory.CreateDirectory(data.Uploads);
        var file = System.IO.Path.Combine(data.Uploads, $"upload-{Guid.NewGuid():n}.tar");   // swept after a day should we die here
        http.Response.OnCompleted(() =>
        {
            File.Delete(file);
            return Task.CompletedTask;
        });
        await store.ArchiveAsync(app, sha, null, new ArchivedCommit(app, sha).Folder, file, ct);
        return TypedResults.PhysicalFile(file, "application/x-tar");
    }

    public static async Task<RepositoryWire> ToRepositoryAsync(this App app, Repositories store, Site site, CancellationToken ct) => new()
    {
        Id = RepositoryNumber.Of(app.Id),
        Name = app.Name,
        FullName = AppRepositories.NameOf(app),
        Owner = new RepositoryOwnerWire(AppRepositories.Owner),
        DefaultBranch = (await store.HeadAsync(app.Id, ct))?.Branch ?? "main",
        CloneUrl = site.GitUrl(app.Name),
    };
}

/// <summary>A commit of an app's repository, to be had as an archive.</summary>
internal sealed record ArchivedCommit(AppId App, string Sha)
{
    /// <summary>All files of the archive are in this folder, as code hosts do it.</summary>
    public string Folder => $"{Sha}/";
}
