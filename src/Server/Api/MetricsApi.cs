using System.Globalization;
using Sluice.Apps;
using Sluice.Metrics;
using Sluice.Wire;

namespace Sluice.Api;

/// <summary>How an app did in the last day. Ours, not Heroku's.</summary>
internal static class MetricsApi
{
    private const int Most = 24 * 60;

    public static void MapMetrics(this IEndpointRouteBuilder api) => api.MapGet("/apps/{name}/metrics", Info).ForApp(Permission.View);

    private static MetricsWire Info(HttpContext http, App app, MetricHistory history)
    {
        var asked = http.Request.Query["minutes"].ToString();
        var minutes = Most;
        if (asked.Length > 0 && (!int.TryParse(asked, NumberStyles.None, CultureInfo.InvariantCulture, out minutes) || minutes is < 1 or > Most))
            throw Refuse.BadRequest($"minutes must be a number from 1 to {Most}.");
        return new MetricsWire { App = app.ToNamed(), Minutes = minutes, Points = [.. history.Of(app.Id, TimeSpan.FromMinutes(minutes)).Select(ToWire)] };
    }

    private static MetricPointWire ToWire(MetricPoint point) => new()
    {
        At = point.At,
        Requests = point.Requests,
        ClientErrors = point.ClientErrors,
        ServerErrors = point.ServerErrors,
        P50 = point.P50,
        P95 = point.P95,
        P99 = point.P99,
        Memory = point.MemoryBytes,
        Cpu = point.CpuPercent,
    };
}
