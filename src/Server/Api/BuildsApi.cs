using System.Security.Cryptography;
using Microsoft.AspNetCore.Http.HttpResults;
using Sluice.Accounts;
using Sluice.Apps;
using Sluice.Builds;
using Sluice.Sources;
using Sluice.Wire;

namespace Sluice.Api;

internal static class BuildsApi
{
    private const int MaxVersion = 100;

    public static void MapBuilds(this IEndpointRouteBuilder api)
    {
        api.MapGet("/apps/{name}/builds", List).ForApp(Permission.View);
        api.MapPost("/apps/{name}/builds", Create).ForApp(Permission.Deploy);
        api.MapGet("/apps/{name}/builds/{build}", Info).ForApp(Permission.View);
    }

    private static async Task<IReadOnlyList<BuildWire>> List(
        HttpContext http, App app, BuildTable builds, ReleaseScribe scribe, AppTickets tickets, Links links, CancellationToken ct)
    {
        var page = Page.Of(
            http,
            await builds.ListAsync(app.Id, ct),
            build => build,
            new Key<Build>("started_at", b => b.CreatedAt.UtcDateTime.ToString("O")),
            new("created_at", b => b.CreatedAt.UtcDateTime.ToString("O")),
            new("id", b => b.Id.ToString()));
        var wires = new List<BuildWire>(page.Count);
        foreach (var build in page)
            wires.Add(build.ToWire(await scribe.UserAsync(build.User, ct), tickets, links));
        return wires;
    }

    private static async Task<BuildWire> Info(App app, string build, BuildTable builds, ReleaseScribe scribe, AppTickets tickets, Links links, CancellationToken ct)
    {
        var found = Guid.TryParse(build, out var id) ? await builds.FindAsync(app.Id, new BuildId(id), ct) : null;
        if (found is null)
            throw Refuse.NotFound("build", build);
        return found.ToWire(await scribe.UserAsync(found.User, ct), tickets, links);
    }

    /// <summary>Answers when the build is accepted, durably; its output and its release come later.</summary>
    private static async Task<Created<BuildWire>> Create(
        RequestBody body, App app, Principal who, Builder builder, BuildSource sources, Repositories repositories, AppTickets tickets, Links links, CancellationToken ct)
    {
        var source = body.Part("source_blob");
        var (url, version, about, checksum) = (source.NeedText("url"), source.Text("version"), source.Text("version_description"), source.Text("checksum"));
        if (version?.Length > MaxVersion || version?.Any(char.IsControl) == true)
            body.Fault($"source_blob.version may have {MaxVersion} characters, and no line breaks.");
        if (checksum is not null && !checksum.StartsWith("SHA256:", StringComparison.OrdinalIgnoreCase))
            body.Fault("source_blob.checksum is written like SHA256: and 64 hex digits.");
        if (body.Has("buildpacks"))
            body.Fault("A build takes no buildpacks of its own: set the app's, with PUT /apps/:app/buildpack-installations.");
        body.RefuseFaults();

        var (file, archive) = await sources.TakeAsync(url, ct);
        await CheckAsync(file, checksum, ct);
        if (archive is not null)
            await repositories.TakeCommitAsync(app.Id, archive.Sha, archive.App, ct);
        var sha = archive?.Sha ?? (string.IsNullOrWhiteSpace(version) ? null : version);
        var commit = Commit.IsSha(sha) ? await repositories.CommitAsync(app.Id, sha!, null, ct) : null;
        var build = await builder.EnqueueAsync(
            new BuildRequest
            {
                App = app.Id,
                User = who.Account,
                SourceFile = file,
                Commit = sha,
                CommitDescription = about is null && commit is null ? null : OutputLines.Safe(about ?? commit!.Subject),
                CommitAuthor = commit is null ? null : OutputLines.Safe(commit.Author),
                RequestId = who.RequestId,
            },
            BuildSource.WithoutSecret(url),
            checksum,
            ct);
        return TypedResults.Created($"/apps/{app.Id}/builds/{build.Id}", build.ToWire(new UserWire(who.Account.Value, who.Email), tickets, links));
    }

    private static async Task CheckAsync(string file, string? checksum, CancellationToken ct)
    {
        if (checksum is null)
            return;
        await using var stream = File.OpenRead(file);
        var actual = Convert.ToHexStringLower(await SHA256.HashDataAsync(stream, ct));
        if (actual.Equals(checksum[7..], StringComparison.OrdinalIgnoreCase))
            return;
        File.Delete(file);
        throw Refuse.Invalid($"The source is not what its checksum says: it has SHA256:{actual}.");
    }

    private static BuildWire ToWire(this Build build, UserWire user, AppTickets tickets, Links links) => new()
    {
        Id = build.Id.Value,
        App = new IdWire(build.App.Value),
        User = user,
        Status = build.Status == "errored" ? "failed" : build.Status,
        SourceBlob = new SourceBlobWire(build.SourceUrl ?? "", build.Commit, Checksum: build.Checksum),
        Buildpacks = [.. build.Buildpacks.Select(b => new BuildpackWire(b.Url, b.Name ?? BuildpackList.NameOf(b.Url)))],
        Stack = build.Stack,
        OutputStreamUrl = StreamsApi.AddressOf(build.App, build.Id, tickets, links),
        Slug = build.Slug is { } slug ? new IdWire(slug.Value) : null,
        Release = build.Release is { } release ? new IdWire(release.Value) : null,
        CreatedAt = build.CreatedAt,
        UpdatedAt = build.UpdatedAt,
    };
}
