using System.Diagnostics;

namespace Sluice.Pipelines;

/// <summary>
/// A promotion in a trace: from its request to the end of its last target, longer than any request. The releases of its targets are its children. Only made
/// while somebody traces.
/// </summary>
internal sealed class PromotionSpan : IDisposable
{
    private readonly Activity span;
    private readonly Activity? before;
    private bool goesOn;

    private PromotionSpan(Activity span, Activity? before) => (this.span, this.before) = (span, before);

    public static PromotionSpan? Start(PromotionId id)
    {
        var before = Activity.Current;
        return Traces.Start("promotion")?.SetTag("sluice.promotion.id", id.ToString()) is { } span ? new PromotionSpan(span, before) : null;
    }

    public void Covers(ReleaseId target) => Traces.Hand(target.Value, span);

    /// <summary>From here on it lasts until its targets have ended.</summary>
    public void GoOn(Promotion promotion, Func<PromotionId, CancellationToken, Task<Promotion>> endOf)
    {
        goesOn = true;
        span.SetTag("sluice.targets", promotion.Targets.Length);
        _ = EndAsync(promotion.Id, endOf);
    }

    /// <summary>What comes after in this request is no part of it.</summary>
    public void Dispose()
    {
        if (!goesOn)
        {
            span.End("refused");
            span.Dispose();
        }
        Activity.Current = before;
    }

    private async Task EndAsync(PromotionId id, Func<PromotionId, CancellationToken, Task<Promotion>> endOf)
    {
        try
        {
            var ended = await endOf(id, CancellationToken.None);
            span.End(ended.Targets.All(t => t.Status == "succeeded") ? "succeeded" : "failed");
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            span.End("unknown");   // whose trouble it is says so itself
        }
        span.Dispose();
    }
}
