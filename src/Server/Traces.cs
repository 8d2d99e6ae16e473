using System.Collections.Concurrent;
using System.Diagnostics;

namespace Sluice;

/// <summary>
/// Spans of what Sluice does, for whoever listens: with <c>up --otlp</c> they go to an OpenTelemetry collector. While nobody listens, starting one
/// answers null and costs nothing. Attributes name things by id or name; never config, output, or a sentence that may quote them.
/// </summary>
internal static class Traces
{
    public const string Name = "Sluice";

    /// <summary>Parents of jobs that are accepted and not begun; more than that wait only where nobody follows traces closely.</summary>
    private const int MostHanded = 10_000;

    private static readonly ActivitySource Source = new(Name);
    private static readonly ConcurrentDictionary<Guid, ActivityContext> Handed = new();

    public static bool AreOn => Source.HasListeners();

    /// <summary>The span that runs now, as <c>traceparent</c> writes it; null when nobody traces.</summary>
    public static string? Now => Activity.Current is { Source.Name: Name } now ? now.Id : null;

    /// <summary>A step of what runs now; a trace of its own when nothing does.</summary>
    public static Activity? Start(string name, ActivityKind kind = ActivityKind.Internal) => Source.StartActivity(name, kind);

    /// <summary>The same, but only inside of something: for steps that are common and tell nothing by themselves.</summary>
    public static Activity? StartWithin(string name) => Activity.Current is null ? null : Start(name);

    /// <summary>What another process asked for: a child of the span that its <c>traceparent</c> names; a trace of its own when it names none.</summary>
    public static Activity? Continue(string name, ActivityKind kind, string? traceParent, string? traceState = null)
    {
        if (!Source.HasListeners())
            return null;
        Activity.Current = null;
        return ActivityContext.TryParse(traceParent, traceState, isRemote: true, out var parent) ? Source.StartActivity(name, kind, parent) : Source.StartActivity(name, kind);
    }

    /// <summary>Says that a job of that id, which another task will do later, belongs to what runs now. Kept in memory only: after a restart it is a trace of its own.</summary>
    public static void Hand(Guid job) => Hand(job, Activity.Current);

    public static void Hand(Guid job, Activity? span)
    {
        if (span is { Source.Name: Name } && Handed.Count < MostHanded)
            Handed[job] = span.Context;
    }

    /// <summary>Begins a job: a child of what <see cref="Hand"/> said, else of what runs now.</summary>
    public static Activity? StartJob(string name, Guid job)
    {
        if (!Handed.TryRemove(job, out var parent))
            return Start(name);
        return Source.StartActivity(name, ActivityKind.Internal, parent);
    }

    /// <summary>How it ended; anything but <c>succeeded</c> marks it as an error.</summary>
    public static void End(this Activity? span, string outcome)
    {
        span?.SetTag("sluice.outcome", outcome);
        if (outcome != "succeeded")
            span?.SetStatus(ActivityStatusCode.Error);
    }
}
