using Sluice.Api;

namespace Sluice.Dashboard;

/// <summary>
/// A "no" for a person: a page of its own, or, for a form, a sentence beside its button, so that nothing typed is lost: at once when it waits for an answer, else on the
/// page that it came from (<see cref="RefusedForms"/>).
/// </summary>
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

    /// <summary>Whether a page that is open wants to hear what happens.</summary>
    public static bool IsStream(HttpRequest request) => request.Headers.Accept.ToString().Contains("text/event-stream", StringComparison.Ordinal);

    /// <summary>The last thing that an open page hears: what it shows is gone, or not for its reader any more. It asks no further.</summary>
    public static async Task EndStreamAsync(HttpContext http, string sentence)
    {
        if (!http.Response.HasStarted)
            await StreamsApi.BeginAsync(http, "text/event-stream; charset=utf-8", http.RequestAborted);
        await http.Response.WriteAsync($"event: gone\ndata: {sentence.ReplaceLineEndings(" ")}\n\n", http.RequestAborted);
    }

    private static async Task SayAsync(HttpContext http, Views views, int status, string sentence)
    {
        if (status is >= 400 and < 500 && IsStream(http.Request))
        {
            await EndStreamAsync(http, status == StatusCodes.Status404NotFound ? "What stands here is gone, or not for you any more." : sentence);
            return;
        }

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
