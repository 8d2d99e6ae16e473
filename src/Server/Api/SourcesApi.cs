using Microsoft.AspNetCore.Http.HttpResults;
using Sluice.Accounts;
using Sluice.Wire;

namespace Sluice.Api;

/// <summary>A place to put a tarball, for a build to take it from.</summary>
internal static class SourcesApi
{
    /// <summary>Kind of ticket: puts a source.</summary>
    private const string Put = "put source";

    /// <summary>Kind of ticket: gets a source.</summary>
    private const string Get = "get source";

    /// <summary>What addresses of sources begin with; the rest is their secret.</summary>
    public const string Path = "/uploads/sources/";

    public static void MapSources(this IEndpointRouteBuilder api)
    {
        api.MapPost("/sources", Create).ForAccount();
        api.MapPut(Path + "{ticket}", Receive).Open();
        api.MapGet(Path + "{ticket}", Send).Open();
    }

    /// <summary>The upload that an address of ours means; null for any other address.</summary>
    public static Guid? UploadAt(string url, Links links, Tickets tickets) => Uri.TryCreate(url, UriKind.Absolute, out var uri)
        && links.IsOurs(uri) && uri.AbsolutePath.StartsWith(Path, StringComparison.Ordinal)
        ? tickets.Open<Guid>(Get, uri.AbsolutePath[Path.Length..])
        : null;

    private static Created<SourceWire> Create(Principal who, Tickets tickets, Links links)
    {
        _ = who;   // any account may
        var upload = Guid.CreateVersion7();
        return TypedResults.Created((string?)null, new SourceWire(new SourceUrlsWire(
            links.To(Path + tickets.Make(Get, upload, StreamsApi.TicketLasts)),
            links.To(Path + tickets.Make(Put, upload, StreamsApi.TicketLasts)))));
    }

    private static async Task<Ok> Receive(HttpContext http, string ticket, Tickets tickets, Uploads uploads, CancellationToken ct)
    {
        await uploads.ReceiveAsync(tickets.Open<Guid>(Put, ticket), http.Request.Body, ct);
        return TypedResults.Ok();
    }

    private static PhysicalFileHttpResult Send(string ticket, Tickets tickets, Uploads uploads)
    {
        var upload = tickets.Open<Guid>(Get, ticket);
        return uploads.Exists(upload) ? TypedResults.PhysicalFile(uploads.PathOf(upload), "application/gzip") : throw Refuse.NotFound("source", "nothing was uploaded");
    }
}
