using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace Sluice.Router;

/// <summary>
/// One visitor's request in a trace, and its time in a histogram, for a collector: made only while one is told. A trace that the visitor's own
/// <c>traceparent</c> names is gone on with, and the app is told which span it is a step of. No path and no query: those may hold secrets.
/// </summary>
internal static class RequestSpan
{
    private static readonly Meter Meter = new(Traces.Name);
    private static readonly Histogram<double> Duration = Meter.CreateHistogram<double>("http.server.request.duration", "s", "Time from a request's head to the end of its answer.");

    /// <summary>Null, at no cost, when nobody traces.</summary>
    public static Activity? Start(HttpContext http, string id)
    {
        if (!Traces.AreOn)
            return null;
        var method = HeadRules.KnownMethod(http.Request.Method);
        var headers = http.Request.Headers;
        var span = Traces.Continue(method, ActivityKind.Server, headers.TraceParent, headers.TraceState);
        if (span is null)
            return null;
        headers.TraceParent = span.Id;
        headers.TraceState = span.TraceStateString;
        return span.SetTag("http.request.method", method).SetTag("server.address", http.Request.Host.Host).SetTag("sluice.request.id", id);
    }

    public static void End(Activity? span, string app, string dyno, int status, RouterError? error, long tookMs)
    {
        if (Duration.Enabled)
            Duration.Record(tookMs / 1000.0, new("sluice.app", app), new("http.response.status_code", status));
        if (span is null)
            return;
        span.SetTag("sluice.app", app).SetTag("sluice.dyno", dyno).SetTag("http.response.status_code", status);
        if (error is not null)
            span.SetTag("error.type", error.Code);
        if (status >= 500)
            span.SetStatus(ActivityStatusCode.Error);
    }
}
