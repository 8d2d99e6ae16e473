using System.Text.Json;
using Sluice.Wire;

namespace Sluice.Api;

/// <summary>The one place where a "no" becomes an answer: <c>{ id, message }</c> with its status. Anything unforeseen is logged once and is 500.</summary>
internal static partial class Refusals
{
    public static async Task AnswerAsync(HttpContext http, Func<Task> handle)
    {
        try
        {
            await handle();
        }
        catch (RefusedException refused)
        {
            await WriteAsync(http, StatusOf(refused.Kind), new ErrorWire(IdOf(refused.Kind), refused.Message, refused.Resource));
        }
        catch (BadHttpRequestException bad)
        {
            var id = bad.StatusCode == StatusCodes.Status413PayloadTooLarge ? "too_large" : "bad_request";
            await WriteAsync(http, bad.StatusCode, new ErrorWire(id, bad.Message));
        }
        catch (OperationCanceledException) when (http.RequestAborted.IsCancellationRequested)
        {
            // The caller has gone; there is nobody to tell.
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            var id = http.Response.Headers["Request-Id"].ToString();
            LogBroken(http.RequestServices.GetRequiredService<ILoggerFactory>().CreateLogger("Sluice.Api"), e, http.Request.Method, http.Request.Path, id);
            await WriteAsync(http, 500, new ErrorWire("internal_server_error", $"Sluice failed on its own fault. Look for request {id} in its log."));
        }
    }

    public static async Task WriteAsync(HttpContext http, int status, ErrorWire error)
    {
        if (http.Response.HasStarted)
        {
            http.Abort();   // half an answer must not look like a whole one
            return;
        }

        http.Response.Clear(keep: "Request-Id");
        http.Response.StatusCode = status;
        http.Response.ContentType = "application/json";
        if (status == StatusCodes.Status401Unauthorized)
            http.Response.Headers.WWWAuthenticate = "Bearer";
        await http.Response.Body.WriteAsync(JsonSerializer.SerializeToUtf8Bytes(error, WireOptions.TypeOf<ErrorWire>()), http.RequestAborted);
    }

    private static void Clear(this HttpResponse response, string keep)
    {
        var kept = response.Headers[keep];
        response.Clear();
        response.Headers[keep] = kept;
    }

    /// <summary>The HTTP status of a refusal.</summary>
    internal static int StatusOf(RefusalKind kind) => kind switch
    {
        RefusalKind.BadRequest => 400,
        RefusalKind.Unauthorized => 401,
        RefusalKind.Forbidden => 403,
        RefusalKind.NotFound => 404,
        RefusalKind.Conflict => 409,
        RefusalKind.TooLarge => 413,
        RefusalKind.Invalid => 422,
        RefusalKind.TooMany => 429,
        _ => 503,
    };

    private static string IdOf(RefusalKind kind) => kind switch
    {
        RefusalKind.BadRequest => "bad_request",
        RefusalKind.Unauthorized => "unauthorized",
        RefusalKind.Forbidden => "forbidden",
        RefusalKind.NotFound => "not_found",
        RefusalKind.Conflict => "conflict",
        RefusalKind.TooLarge => "too_large",
        RefusalKind.Invalid => "invalid_params",
        RefusalKind.TooMany => "rate_limit",
        _ => "service_unavailable",
    };

    [LoggerMessage(Level = LogLevel.Error, Message = "{Method} {Path} failed, request {RequestId}")]
    private static partial void LogBroken(ILogger logger, Exception e, string method, PathString path, string requestId);
}
