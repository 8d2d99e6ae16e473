using System.Collections.Immutable;
using Microsoft.AspNetCore.Http.HttpResults;
using Sluice.Accounts;
using Sluice.Apps;
using Sluice.Builds;
using Sluice.Slugs;
using Sluice.Storage;
using Sluice.Wire;

namespace Sluice.Api;

/// <summary>Slugs as others make and take them: announced, then uploaded as a tarball; or fetched as one.</summary>
internal static class SlugsApi
{
    private const string Path = "/uploads/slugs/";
    private const string Put = "put slug";
    private const string Get = "get slug";
    private const string NoLongerKept = "no-longer-kept";
    private const int MaxText = 500;

    public static void MapSlugs(this IEndpointRouteBuilder api)
    {
        api.MapPost("/apps/{name}/slugs", Create).ForApp(Permission.Deploy);
        api.MapGet("/apps/{name}/slugs/{slug}", Info).ForApp(Permission.View);
        api.MapPut(Path + "{ticket}", Receive).Open();
        api.MapGet(Path + "{ticket}", Send).Open();
    }

    private static async Task<Created<SlugWire>> Create(
        RequestBody body, App app, Principal who, SlugCatalog slugs, Db db, AppTickets tickets, Links links, TimeProvider clock, CancellationToken ct)
    {
        var types = body.Part("process_types").Map(nulls: false);
        var stack = PlatformApi.StackName(body.Reference("stack")) ?? app.Stack;
        if (!AppCatalog.Stacks.Contains(stack))
            body.Fault($"There is no stack {stack}; there is {string.Join(", ", AppCatalog.Stacks)}.");
        foreach (var fault in ProcessTypes.Faults("The slug", types))
            body.Fault(fault);
        var slug = new Slug
        {
            Id = SlugId.New(),
            App = app.Id,
            Digest = null,
            Stack = stack,
            Commit = Short(body, "commit"),
            CommitDescription = Short(body, "commit_description"),
            BuildpackDescription = Short(body, "buildpack_provided_description"),
            ProcessTypes = types.ToImmutableSortedDictionary(t => t.Key, t => t.Value!, StringComparer.Ordinal),
            CreatedAt = clock.GetUtcNow(),
            UpdatedAt = clock.GetUtcNow(),
        };
        body.RefuseFaults();
        await db.WriteAsync(new Act("slug.create", slug.Id.ToString(), who.Account, app.Id, who.RequestId), tx => slugs.Add(tx, slug), ct);
        return TypedResults.Created($"/apps/{app.Id}/slugs/{slug.Id}", slug.ToWire(app.Id, tickets, links));
    }

    /// <summary>Who may not deploy gets no address of the files: they hold the source, which git does not give them either.</summary>
    private static async Task<SlugWire> Info(App app, string slug, Principal who, Lookup lookup, SlugFinder slugs, AppTickets tickets, Links links, CancellationToken ct)
    {
        var wire = (await slugs.FindAsync(app, slug, ct)).ToWire(app.Id, tickets, links);
        var access = await lookup.AccessAsync(app.Id.ToString(), Permission.View, who, ct);
        return access.Granted.Has(Permission.Deploy) ? wire : wire with { Blob = wire.Blob with { Url = links.To(Path + "needs-the-deploy-permission") } };
    }

    /// <summary>Answers when the files are in the store and the slug can be released.</summary>
    private static async Task<Ok> Receive(
        HttpContext http, string ticket, AppTickets tickets, SlugCatalog slugs, SlugClient store, QuotaTable quotas, Uploads uploads, Db db, TimeProvider clock, CancellationToken ct)
    {
        var id = (await tickets.OpenAsync<SlugId>(Put, ticket, ct)).About;
        var slug = await slugs.FindAsync(id, ct) ?? throw Refuse.NotFound("slug", id.ToString());
        if (slug.Digest is not null || slug.CollectedAt is not null)
            throw Refuse.Conflict("This slug has or had its files already, and a slug never changes. Make a new one.");
        var upload = Guid.CreateVersion7();
        await uploads.ReceiveAsync(upload, http.Request.Body, ct);
        try
        {
            var made = await store.ImportAsync(Uploads.NameOf(upload), slug.Stack, await quotas.OfAsync(slug.App, Quota.SlugMb, ct), ct);
            await db.WriteAsync(
                new Act("slug.upload", id.ToString(), App: slug.App),
                tx => slugs.Fill(tx, id, made.Digest, made.Bytes, clock.GetUtcNow()),
                ct);
        }
        finally
        {
            uploads.Remove(upload);
        }

        return TypedResults.Ok();
    }

    private static async Task Send(HttpContext http, string ticket, AppTickets tickets, SlugClient store, CancellationToken ct)
    {
        if (ticket == NoLongerKept)
            throw new RefusedException(RefusalKind.NotFound, "The files of this slug are no longer kept: only old releases name it. Build or upload it again.", "slug");
        var digest = SlugDigest.Parse((await tickets.OpenAsync<string>(Get, ticket, ct)).About);
        http.Response.ContentType = "application/gzip";
        await store.ExportAsync(digest, http.Response.Body, ct);
    }

    private static string? Short(RequestBody body, string name)
    {
        var text = body.Text(name);
        if (text?.Length > MaxText || text?.Any(char.IsControl) == true)
            body.Fault($"{name} may have {MaxText} characters, and no line breaks.");
        return text;
    }

    private static SlugWire ToWire(this Slug slug, AppId app, AppTickets tickets, Links links) => new()
    {
        Id = slug.Id.Value,
        Blob = slug.Digest is { } digest
            ? new BlobWire("get", links.To(Path + tickets.Make(Get, app, Permission.Deploy, digest.Hex, StreamsApi.TicketLasts)))
            : slug.CollectedAt is not null ? new BlobWire("get", links.To(Path + NoLongerKept))
            : new BlobWire("put", links.To(Path + tickets.Make(Put, app, Permission.Deploy, slug.Id, StreamsApi.TicketLasts))),
        Checksum = slug.Digest is { } sum ? $"SHA256:{sum}" : null,
        Commit = slug.Commit,
        CommitDescription = slug.CommitDescription,
        BuildpackProvidedDescription = slug.BuildpackDescription,
        ProcessTypes = slug.ProcessTypes,
        Size = slug.Size,
        Stack = PlatformApi.StackOf(slug.Stack),
        CreatedAt = slug.CreatedAt,
        UpdatedAt = slug.UpdatedAt,
    };
}
