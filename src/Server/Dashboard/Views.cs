using System.IO.Compression;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Web;
using Microsoft.AspNetCore.WebUtilities;
using Sluice.Accounts;
using Sluice.Api;
using Sluice.Dashboard.Shell;
using Sluice.Dashboard.SignIn;

namespace Sluice.Dashboard;

/// <summary>Makes markup of components, once, on the server: whole pages, and fragments that take the place of a part of one. Each has one parameter, its model.</summary>
internal sealed class Views(
    IServiceProvider services, ILoggerFactory loggers, IHttpContextAccessor http, Visit visit, Assets assets, FormToken tokens, RefusedForms refused, AccountTable accounts, Links links, Site site, TimeProvider clock)
{
    /// <summary>A page that a refused form came from has all that was typed into it.</summary>
    public async Task<IResult> PageAsync<T>(string title, Crumb[] crumbs, object? model, int status = 200) where T : IComponent
    {
        var markup = await RenderAsync<T>(model, await LookAsync(new PageFrame(title, crumbs)));
        if (Returned() is not { } form)
            return new Html(markup, status);
        var filled = new Refill(form, await MarkupAsync<Refused>(form.Sentence), await MarkupAsync<Kept>(form)).Into(markup);
        return new Html(filled, status == 200 ? form.Status : status);
    }

    public async Task<IResult> FragmentAsync<T>(object? model, int status = 200) where T : IComponent => new Html(await MarkupAsync<T>(model), status);

    public async Task<string> MarkupAsync<T>(object? model) where T : IComponent => await RenderAsync<T>(model, await LookAsync(null));

    /// <summary>After a form was done: on to another page. Both for a browser and for a form that waits.</summary>
    public IResult Go(string path)
    {
        if (!PageRefusals.IsAwaited(http.HttpContext!.Request))
            return new SeeOther(path);
        // To another place of the page that is open a browser only scrolls: that page is loaded again.
        if (Uri.TryCreate(http.HttpContext.Request.Headers["HX-Current-URL"].ToString(), UriKind.Absolute, out var here) && path.Split('#') is [var page, _] && here.PathAndQuery == page)
            http.HttpContext.Response.Headers["HX-Refresh"] = "true";
        else
            http.HttpContext.Response.Headers["HX-Redirect"] = path;
        return Results.NoContent();
    }

    /// <summary>After a form was done that changes the page it is on: a page that follows along is told in a sentence and stays; any other is loaded again.</summary>
    public IResult Done(string sentence, string path)
    {
        if (!PageRefusals.IsAwaited(http.HttpContext!.Request))
            return new SeeOther(path);
        http.HttpContext.Response.Headers["HX-Trigger"] = JsonSerializer.Serialize(new Dictionary<string, string> { ["done"] = sentence });
        return Results.NoContent();
    }

    /// <summary>After a form was done that changes more of its page than follows along: the page is loaded again.</summary>
    public IResult Reload(string path)
    {
        if (!PageRefusals.IsAwaited(http.HttpContext!.Request))
            return new SeeOther(path);
        http.HttpContext.Response.Headers["HX-Refresh"] = "true";
        return Results.NoContent();
    }

    /// <summary>A form that waits for no answer leads back to its page, filled in as it was sent; anything else gets a page of its own.</summary>
    public async Task<IResult> RefusalAsync(string sentence, int status) => KeptAt(sentence, status) is { } back ? new SeeOther(back) :
        await PageAsync<RefusedPage>(status == 404 ? "Not here" : "Not done", [new(status == 404 ? "Not here" : "Not done", null)], new RefusedPage.Told(sentence, status, visit.Who is not null), status);

    /// <summary>A page sends the browser to sign in and back; a form that waits says so and keeps what was typed.</summary>
    public async Task AskToSignInAsync(HttpContext context)
    {
        if (PageRefusals.IsAwaited(context.Request) || !HttpMethods.IsGet(context.Request.Method))
        {
            var fragment = PageRefusals.IsAwaited(context.Request)
                ? await FragmentAsync<SignedOut>(null, 401)
                : KeptAt("Nothing has been done yet: you were signed out. Send it once more.", 200) is { } back ? new SeeOther(SignInPages.PathTo(back))
                : await RefusalAsync("You are not signed in any more, so nothing was done. Sign in and try again.", 401);
            await fragment.ExecuteAsync(context);
            return;
        }

        if (PageRefusals.IsStream(context.Request))
        {
            await PageRefusals.EndStreamAsync(context, "Signed out. Load this page again to sign in.");
            return;
        }

        var here = context.Request.Path + context.Request.QueryString;
        context.Response.Redirect(SignInPages.PathTo(here));
    }

    private RefusedForm? Returned() => visit.Who is { } who && http.HttpContext!.Request is { Method: "GET" } request && request.Query[RefusedForms.Key] is [{ } id]
        ? refused.Find(SignInVisit.Of(http.HttpContext, who), id) : null;

    /// <summary>Keeps the form that was sent; where it will be shown again. Null when none was, or it is too long.</summary>
    private string? KeptAt(string sentence, int status)
    {
        var context = http.HttpContext!;
        if (context.Features.Get<OwnForm>() is not { } form || refused.Keep(form, context.Request.Path, sentence, status) is not { } id)
            return null;
        var page = Uri.TryCreate(context.Request.Headers.Referer, UriKind.Absolute, out var from) && links.IsOurs(from) ? SignInPages.Local(from.PathAndQuery).Split('?', 2) : ["/dashboard"];
        var asked = QueryHelpers.ParseQuery(page.ElementAtOrDefault(1)).Where(q => q.Key != RefusedForms.Key).Append(new(RefusedForms.Key, id));
        return $"{page[0]}{QueryString.Create(asked)}#{RefusedForms.Key}";
    }

    private async Task<Look> LookAsync(PageFrame? frame)
    {
        var who = visit.Who;
        var account = who is null ? null : await accounts.FindAsync(who.Account, http.HttpContext!.RequestAborted);
        return new Look
        {
            Frame = frame,
            Who = who,
            Name = account is null ? "" : People.NameOf(account.Name, account.Email),
            Token = tokens.Of(http.HttpContext!.Response.HasStarted ? SignInVisit.Of(http.HttpContext, who) : SignInVisit.Begin(http.HttpContext, who)),
            Now = clock.GetUtcNow(),
            Start = links.To(""),
            Site = site,
            Assets = assets,
        };
    }

    private async Task<string> RenderAsync<T>(object? model, Look look) where T : IComponent
    {
        await using var renderer = new HtmlRenderer(services, loggers);
        RenderFragment body = builder =>
        {
            builder.OpenComponent<T>(0);
            if (model is not null)
                builder.AddComponentParameter(1, "Model", model);
            builder.CloseComponent();
        };
        return await renderer.Dispatcher.InvokeAsync(async () => (await renderer.RenderComponentAsync<Root>(
            ParameterView.FromDictionary(new Dictionary<string, object?>(StringComparer.Ordinal) { ["Look"] = look, ["Body"] = body }))).ToHtmlString());
    }

    private sealed class Html(string markup, int status) : IResult
    {
        /// <summary>Lists and drawings. The pages that show a secret are smaller, so that none can be guessed from how well its page compresses.</summary>
        private const int WorthZipping = 32 * 1024;

        public async Task ExecuteAsync(HttpContext httpContext)
        {
            httpContext.Response.StatusCode = status;
            httpContext.Response.ContentType = "text/html; charset=utf-8";
            var bytes = Encoding.UTF8.GetBytes(markup);
            if (bytes.Length < WorthZipping || status != StatusCodes.Status200OK || !httpContext.Request.Headers.AcceptEncoding.ToString().Contains("gzip", StringComparison.Ordinal))
            {
                await httpContext.Response.Body.WriteAsync(bytes, httpContext.RequestAborted);
                return;
            }

            httpContext.Response.Headers.ContentEncoding = "gzip";
            await using var gzip = new GZipStream(httpContext.Response.Body, CompressionLevel.Fastest, leaveOpen: true);
            await gzip.WriteAsync(bytes, httpContext.RequestAborted);
        }
    }

    private sealed class SeeOther(string path) : IResult
    {
        public Task ExecuteAsync(HttpContext httpContext)
        {
            httpContext.Response.StatusCode = StatusCodes.Status303SeeOther;
            httpContext.Response.Headers.Location = path;
            return Task.CompletedTask;
        }
    }
}

/// <summary>What stands around a page.</summary>
public sealed record PageFrame(string Title, Crumb[] Crumbs);

/// <summary>One step of "you are here"; without an address it is only said.</summary>
public sealed record Crumb(string Text, string? Href);

/// <summary>What every component may ask for: who looks, when, and from where.</summary>
public sealed record Look
{
    /// <summary>Null for a fragment.</summary>
    public required PageFrame? Frame { get; init; }
    public required Principal? Who { get; init; }

    /// <summary>How people call who looks.</summary>
    public required string Name { get; init; }

    /// <summary>Goes with every form.</summary>
    public required string Token { get; init; }
    public required DateTimeOffset Now { get; init; }

    /// <summary>How the browser reached us, without a slash at the end: <c>http://localhost:5000</c>.</summary>
    public required string Start { get; init; }
    public required Site Site { get; init; }
    public required Assets Assets { get; init; }
}
