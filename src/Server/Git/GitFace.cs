using System.Diagnostics;
using System.IO.Compression;
using System.Text;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;
using Sluice.Accounts;
using Sluice.Apps;
using Sluice.Runtime;
using Sluice.Sources;
using Sluice.Storage;

namespace Sluice.Git;

/// <summary>
/// git's smart HTTP: the protocol is the <c>git</c> binary's own (<c>--stateless-rpc</c>); who may, and what a push leads to, is decided here.
/// Nothing is spawned for someone who has not shown a key.
/// </summary>
internal static class GitFace
{
    public static WebApplication MapGit(this WebApplication routes)
    {
        routes.MapGet("/{app}.git/info/refs", AdvertiseAsync).WithMetadata(new GitRoute());
        routes.MapPost("/{app}.git/git-upload-pack", FetchAsync).WithMetadata(new GitRoute());
        routes.MapPost("/{app}.git/git-receive-pack", PushAsync).WithMetadata(new GitRoute());
        return routes;
    }

    private static async Task AdvertiseAsync(string app, string? service, HttpContext http, GitDoor door, Repositories repositories, CancellationToken ct)
    {
        if (await door.EnterAsync(app, http, ct) is not { } pass)
            return;
        if (service is not ("git-upload-pack" or "git-receive-pack"))
        {
            await GitDoor.SayAsync(http, 403, "Sluice speaks git's smart protocol only: use a git of 1.6.6 or newer.");
            return;
        }
        if (service == "git-receive-pack" && !await HasRoomAsync(http))
            return;
        if (service == "git-receive-pack" && !await HasQuotaAsync(pass, http, repositories, ct))
            return;
        http.Response.ContentType = $"application/x-{service}-advertisement";
        http.Response.Headers.CacheControl = "no-cache";
        await http.Response.Body.WriteAsync(Encoding.ASCII.GetBytes($"{service.Length + 15:x4}# service={service}\n0000"), ct);
        var command = GitCommand.In(repositories.Open(pass.App.Id), [service[4..], "--stateless-rpc", "--http-backend-info-refs", repositories.Open(pass.App.Id)]);
        await RpcAsync(http, GitDoor.WithProtocol(command, http), long.MaxValue, ct);
    }

    private static async Task FetchAsync(string app, HttpContext http, GitDoor door, Repositories repositories, CancellationToken ct)
    {
        if (await door.EnterAsync(app, http, ct) is not { } pass)
            return;
        http.Response.ContentType = "application/x-git-upload-pack-result";
        http.Response.Headers.CacheControl = "no-cache";
        var command = GitCommand.In(repositories.Open(pass.App.Id), ["upload-pack", "--stateless-rpc", repositories.Open(pass.App.Id)]);
        await RpcAsync(http, GitDoor.WithProtocol(command, http), 64 * 1024 * 1024, ct);
    }

    private static async Task PushAsync(string app, HttpContext http, GitDoor door, Pushes pushes, CancellationToken ct)
    {
        if (await door.EnterAsync(app, http, ct) is not { } pass)
            return;
        http.Response.ContentType = "application/x-git-receive-pack-result";
        http.Response.Headers.CacheControl = "no-cache";
        using var span = Traces.Continue("push", ActivityKind.Server, http.Request.Headers.TraceParent, http.Request.Headers.TraceState)?.SetTag("sluice.app", pass.App.Name);
        await pushes.ReceiveAsync(pass, http, BodyOf(http), ct);
    }

    /// <summary>git shows a refusal here as a line of ours; later, only its own of an unpacker that failed.</summary>
    private static async Task<bool> HasRoomAsync(HttpContext http)
    {
        if (new DiskRoom(http.RequestServices.GetRequiredService<DataFolder>()).Refusal is not { } refusal)
            return true;
        await GitDoor.SayAsync(http, StatusCodes.Status507InsufficientStorage, refusal.Message);
        return false;
    }

    /// <summary>Asked before a push begins, since git shows a refusal only there: with what that push brings, a repository is at most one push above its quota.</summary>
    private static async Task<bool> HasQuotaAsync(GitPass pass, HttpContext http, Repositories repositories, CancellationToken ct)
    {
        var limit = await http.RequestServices.GetRequiredService<QuotaTable>().OfAsync(pass.App.Id, Quota.RepositoryMb, ct);
        if (repositories.SizeOf(pass.App.Id) >> 20 < limit)
            return true;
        await GitDoor.SayAsync(http, StatusCodes.Status422UnprocessableEntity, Quota.RepositoryMb.Sentence(limit, "This one is full."));
        return false;
    }

    private static async Task RpcAsync(HttpContext http, Command command, long maxInput, CancellationToken ct)
    {
        await using var running = Shell.Start(command);
        var errors = running.Errors.CopyToAsync(Stream.Null, ct);
        var input = FeedAsync(http.Request.Method == "POST" ? BodyOf(http) : Stream.Null, running.Input, maxInput, ct);
        await PumpAsync(running.Output, http.Response, null, ct);
        await SayIfCutAsync(http, await input);
        await errors;
        await running.Exit.WaitAsync(ct);
    }

    /// <summary>Where git said nothing, which is what it has for a body that ended too early, we do.</summary>
    internal static Task SayIfCutAsync(HttpContext http, bool isWhole) =>
        isWhole || http.Response.HasStarted ? Task.CompletedTask : GitDoor.SayAsync(http, 400, "The body of this request is cut, or not the gzip that it says it is. Send it again.");

    /// <summary>Request → git. Ends git's input at the end, or at the limit: then git itself says that the pack is cut. False for a body that is not what it says it is.</summary>
    internal static async Task<bool> FeedAsync(Stream body, Stream input, long maxBytes, CancellationToken ct)
    {
        var buffer = new byte[64 * 1024];
        try
        {
            try
            {
                while (await body.ReadAsync(buffer, ct) is var count and > 0 && (maxBytes -= count) >= 0)
                    await input.WriteAsync(buffer.AsMemory(0, count), ct);
            }
            catch (IOException e) when (e is not BadHttpRequestException && !ct.IsCancellationRequested)
            {
                // git wanted no more of it (it says why itself): read the rest, so that the client hears the answer.
                await body.CopyToAsync(Stream.Null, ct);
            }
            return true;
        }
        catch (Exception e) when (e is InvalidDataException or BadHttpRequestException)
        {
            return false;
        }
        finally
        {
            await input.DisposeAsync();
        }
    }

    /// <summary>git → response, each piece at once; <paramref name="ahead"/> may send something before one.</summary>
    internal static async Task PumpAsync(Stream output, HttpResponse response, Func<ReadOnlyMemory<byte>, byte[]>? ahead, CancellationToken ct)
    {
        var buffer = new byte[32 * 1024];
        while (await output.ReadAsync(buffer, ct) is var count and > 0)
        {
            // git writes the head of a packet for people apart from its text.
            if (ahead is not null && count == 5 && buffer[4] == Pushes.ForPeople)
                count += await output.ReadAsync(buffer.AsMemory(count), ct);
            if (ahead?.Invoke(buffer.AsMemory(0, count)) is { Length: > 0 } more)
                await response.Body.WriteAsync(more, ct);
            await response.Body.WriteAsync(buffer.AsMemory(0, count), ct);
            await response.Body.FlushAsync(ct);
        }
    }

    private static Stream BodyOf(HttpContext http)
    {
        // A push may be large and its build long: git's own limits count, not the server's for API requests.
        if (http.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size)
            size.MaxRequestBodySize = null;
        if (http.Features.Get<IHttpMinRequestBodyDataRateFeature>() is { } rate)
            rate.MinDataRate = null;
        if (http.Features.Get<IHttpMinResponseDataRateFeature>() is { } response)
            response.MinDataRate = null;
        return http.Request.Headers.ContentEncoding == "gzip" ? new GZipStream(http.Request.Body, CompressionMode.Decompress) : http.Request.Body;
    }
}

/// <summary>Marks git's routes: they ask for credentials themselves (<see cref="GitDoor"/>), in git's way, to fetch as to push.</summary>
internal sealed record GitRoute : IStatesItsNeeds
{
    public override string ToString() => "git deploy";
}

/// <summary>Who was let in, to which app.</summary>
internal sealed record GitPass(App App, Principal Who);

/// <summary>Credentials are in the header only: any user name, the API key as password.</summary>
internal sealed class GitDoor(KeyRing keys, Lookup lookup)
{
    /// <summary>Null when the answer has been given: 401 without a good key, 404 for an app that is not there for this person, 403 without permission.</summary>
    public async Task<GitPass?> EnterAsync(string app, HttpContext http, CancellationToken ct)
    {
        var requestId = http.TraceIdentifier;
        if (KeyOf(http.Request) is not { } key || await keys.WhoAsync(key, requestId, ct) is not { } who)
        {
            http.Response.Headers.WWWAuthenticate = "Basic realm=\"Sluice\"";
            await SayAsync(http, 401, "Sign in with any user name and your API key as password (`sluice login`, or DIR/admin.key on the server).");
            return null;
        }
        try
        {
            who.Scope.Demand(IsPush(http.Request) ? Reach.Write : Reach.Read);
            return new GitPass(await lookup.AppAsync(app, Permission.Deploy, who, ct), who);
        }
        catch (RefusedException e)
        {
            await SayAsync(http, e.Kind == RefusalKind.NotFound ? 404 : 403, e.Kind == RefusalKind.NotFound
                ? $"{e.Message} `sluice apps` lists yours; `sluice create {app}` makes it." : e.Message);
            return null;
        }
    }

    /// <summary>git shows a plain text answer to people, line by line after <c>remote:</c>.</summary>
    public static Task SayAsync(HttpContext http, int status, string sentence)
    {
        http.Response.StatusCode = status;
        http.Response.ContentType = "text/plain; charset=utf-8";
        return http.Response.WriteAsync(sentence + "\n");
    }

    /// <summary>Passes the wire protocol's version on, if it is one.</summary>
    public static Command WithProtocol(Command command, HttpContext http)
    {
        var protocol = http.Request.Headers["Git-Protocol"].ToString();
        return protocol.Length is > 0 and <= 100 && protocol.All(c => char.IsAsciiLetterOrDigit(c) || c is '=' or ':' or '-' or '.') ? command.With("GIT_PROTOCOL", protocol) : command;
    }

    private static bool IsPush(HttpRequest request) =>
        request.Path.Value!.EndsWith("/git-receive-pack", StringComparison.Ordinal) || request.Query["service"] == "git-receive-pack";

    private static string? KeyOf(HttpRequest request)
    {
        var header = request.Headers.Authorization.ToString();
        if (header.StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase))
            return header[7..].Trim();
        if (!header.StartsWith("Basic ", StringComparison.OrdinalIgnoreCase))
            return null;
        var bytes = new byte[header.Length];
        if (!Convert.TryFromBase64String(header[6..].Trim(), bytes, out var length))
            return null;
        var text = Encoding.UTF8.GetString(bytes, 0, length);
        var colon = text.IndexOf(':');
        var password = colon < 0 ? "" : text[(colon + 1)..];
        return password.Length > 0 ? password : colon < 0 ? text : text[..colon];
    }
}
