using System.Net;
using System.Text;
using System.Text.Json;

namespace Sluice.Router;

/// <summary>A small page that says what happened and what the owner can do. Nothing on it comes from elsewhere: no script, no font, no image.</summary>
internal static class ErrorPage
{
    public static Task WriteAsync(HttpContext http, RouterError error, string app) =>
        WriteAsync(http, error.Status, error.Code, error.Visitor, error.Owner.Replace("{app}", app, StringComparison.Ordinal));

    /// <summary>For clients that do not ask for HTML the same as JSON, in the API's error shape.</summary>
    public static async Task WriteAsync(HttpContext http, int status, string code, string what, string todo)
    {
        var wantsHtml = http.Request.Headers.Accept.ToString().Contains("text/html", StringComparison.OrdinalIgnoreCase);
        var body = wantsHtml
            ? Html(code, what, todo)
            : JsonSerializer.SerializeToUtf8Bytes(new { id = IdOf(status, code), message = $"{what} {todo}".Trim() });
        var (connection, via) = (http.Response.Headers.Connection, http.Response.Headers.Via);
        http.Response.Clear();
        http.Response.Headers.Connection = connection;
        http.Response.Headers.Via = via;
        http.Response.StatusCode = status;
        http.Response.ContentType = wantsHtml ? "text/html; charset=utf-8" : "application/json";
        http.Response.ContentLength = body.Length;
        http.Response.Headers.CacheControl = "no-store";
        http.Response.Headers["X-Sluice-Error"] = code;
        if (wantsHtml)
            http.Response.Headers.ContentSecurityPolicy = "default-src 'none'; style-src 'unsafe-inline'";
        if (!HttpMethods.IsHead(http.Request.Method))
            await http.Response.Body.WriteAsync(body, http.RequestAborted);
    }

    private static string IdOf(int status, string code) => status switch
    {
        400 => "bad_request",
        404 => "not_found",
        405 => "method_not_allowed",
        _ => code.StartsWith('H') ? code : "service_unavailable",
    };

    private static byte[] Html(string code, string what, string todo) => Encoding.UTF8.GetBytes($$"""
        <!doctype html>
        <html lang="en">
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <title>{{WebUtility.HtmlEncode(what)}}</title>
        <style>
          :root { color-scheme: light dark; --ink: #1d2430; --soft: #5c6675; --paper: #f7f8fa; --card: #fff; --line: #e2e6ec; }
          @media (prefers-color-scheme: dark) { :root { --ink: #e8ecf2; --soft: #9aa5b5; --paper: #12161c; --card: #1a2029; --line: #2a323e; } }
          body { margin: 0; min-height: 100vh; display: grid; place-items: center; background: var(--paper); color: var(--ink);
                 font: 16px/1.55 system-ui, sans-serif; }
          main { max-width: 34rem; margin: 1.5rem; padding: 2rem 2.25rem; background: var(--card); border: 1px solid var(--line); border-radius: 12px; }
          h1 { margin: .25rem 0 .75rem; font-size: 1.35rem; font-weight: 600; }
          p { margin: 0; color: var(--soft); }
          code { color: var(--soft); font: 13px ui-monospace, monospace; letter-spacing: .04em; }
        </style>
        <main>
          <code>{{WebUtility.HtmlEncode(code)}}</code>
          <h1>{{WebUtility.HtmlEncode(what)}}</h1>
          <p>{{WebUtility.HtmlEncode(todo)}}</p>
        </main>
        </html>

        """);
}
