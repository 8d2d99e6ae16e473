using Sluice.Api;

namespace Sluice.Dashboard;

/// <summary>A "no" for a person: a page of its own, or, for a form that waits for an answer, a sentence beside its button, so that nothing typed is lost.</summary>
internal static partial class PageRefusals
{
    public static async Task AnswerAsync(HttpContext http, Views views, Func<Task> handle)
    {
        try
        {
            await handle();
        }
        catch (RefusedException refused)
        {
            await SayAsync(http, views, Refusals.StatusOf(refused.Kind), refused.Message);
        }
        catch (BadHttpRequestException bad)
        {
            await SayAsync(http, views, bad.StatusCode, "The browser sent something that cannot be read. Go back and try again.");
        }
        catch (OperationCanceledException) when (http.RequestAborted.IsCancellationRequested)
        {
            // The browser has gone; there is nobody to tell.
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            var id = http.Response.Headers["Request-Id"].ToString();
            LogBroken(http.RequestServices.GetRequiredService<ILoggerFactory>().CreateLogger("Sluice.Dashboard"), e, http.Request.Method, http.Request.Path, id);
            await SayAsync(http, views, 500, $"Sluice failed on its own fault. Look for request {id} in its log.");
        }
    }

    /// <summary>Whether a form of ours waits for the answer, rather than the browser for a page.</summary>
    public static bool IsAwaited(HttpRequest request) => request.Headers["HX-Request"] == "true";

    private static async Task SayAsync(HttpContext http, Views views, int status, string sentence)
    {
        if (http.Response.HasStarted)
        {
            http.Abort();
            return;
        }

        var answer = IsAwaited(http.Request) ? await views.FragmentAsync<Shell.Refused>(sentence, status) : await views.RefusalAsync(sentence, status);
        await answer.ExecuteAsync(http);
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "{Method} {Path} failed, request {RequestId}")]
    private static partial void LogBroken(ILogger logger, Exception e, string method, PathString path, string requestId);
}
