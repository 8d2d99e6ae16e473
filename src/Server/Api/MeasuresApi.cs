using System.Collections.Immutable;
using System.Net;
using Sluice.Apps;
using Sluice.AppSetups;
using Sluice.Builds;
using Sluice.Dynos;
using Sluice.Metrics;
using Sluice.Releases;
using Sluice.Router;
using Sluice.Runtime;

namespace Sluice.Api;

/// <summary>
/// <c>GET /metrics</c>: the whole server in numbers, for a Prometheus on this machine. Only for an administrator's key and only from loopback: it names every
/// app, and loopback alone is no one (docs/decisions/0011-who-reads-the-numbers.md).
/// </summary>
internal static class MeasuresApi
{
    public static void MapMeasures(this IEndpointRouteBuilder api) => api.MapGet("/metrics", ShowAsync).ForAdministrator();

    private static async Task<IResult> ShowAsync(HttpContext http, Measures measures, CancellationToken ct) =>
        IsFromHere(http) ? Results.Text(Exposition.Write(await measures.NowAsync(ct)), Exposition.ContentType) : throw Refuse.NotFound("page", "metrics");

    /// <summary>The router wrote that header, whatever a visitor may have sent.</summary>
    private static bool IsFromHere(HttpContext http) =>
        IPAddress.TryParse(http.Request.Headers["X-Forwarded-For"].ToString(), out var client) && IPAddress.IsLoopback(client);
}

/// <summary>Gathers what <see cref="MeasuresApi"/> shows. Counters of requests begin with the server; what was counted before a restart is not in them.</summary>
internal sealed class Measures(
    MetricsRecorder recorder, AppCatalog apps, DynoFleet fleet, OneOffs oneOffs, BuildTable builds, ReleaseLedger ledger, AppSetupTable setups, DataFolder data)
{
    /// <summary>Every fourth of the router's buckets: enough to draw, a quarter of the lines.</summary>
    private const int EveryBucket = 4;

    public async Task<ImmutableArray<Family>> NowAsync(CancellationToken ct)
    {
        var all = await apps.AllAsync(ct);
        var requests = all.Where(a => recorder.Totals.ContainsKey(a.Id)).Select(a => (a.Name, Of: recorder.Totals[a.Id])).ToImmutableArray();
        var releases = await ledger.CountAsync(ct);
        return
        [
            new("sluice_requests_total", "counter", "Requests that the router answered, by app and class of status.", [.. requests.SelectMany(r => r.Of.Statuses.Select((n, i) => Of(n, ("app", r.Name), ("status", $"{i + 1}xx"))))]),
            new("sluice_request_errors_total", "counter", "Requests answered with 500 to 599, the router's own pages included.", [.. requests.Select(r => Of(r.Of.Statuses[4], ("app", r.Name)))]),
            new("sluice_request_duration_seconds", "histogram", "Service time as the router saw it; WebSockets are not among them.", [.. requests.SelectMany(r => Histogram(r.Name, r.Of))]),
            new("sluice_dynos", "gauge", "Dynos by app and state, those started by hand included.", [.. all.SelectMany(DynosOf)]),
            new("sluice_jobs_waiting", "gauge", "Jobs that were accepted and have not ended.",
            [
                Of(await builds.CountPendingAsync(ct), ("kind", "build")),
                Of(releases.Where(r => r.Outcome is "pending" or "queued").Sum(r => r.Count), ("kind", "release")),
                Of((await setups.PendingAsync(ct)).Length, ("kind", "app-setup")),
            ]),
            new("sluice_releases_total", "counter", "Releases by how they ended, of the apps that there are.", [.. releases.Where(r => r.Outcome is not ("pending" or "queued")).Select(r => Of(r.Count, ("outcome", r.Outcome)))]),
            new("sluice_memory_bytes", "gauge", "Resident memory of Sluice's own processes.", [.. RoleMemory.Now(data).Select(r => Of(r.Bytes, ("role", r.Role)))]),
        ];
    }

    private static Sample Of(double value, params ImmutableArray<(string, string)> labels) => new("", labels, value);

    private IEnumerable<Sample> DynosOf(App app) => fleet.Of(app.Id).Concat(oneOffs.Of(app.Id)).GroupBy(d => d.State).OrderBy(g => g.Key)
        .Select(g => Of(g.Count(), ("app", app.Name), ("state", g.Key.ToString().ToLowerInvariant())));

    /// <summary>The sum is of the buckets' highest times, so at most a quarter too high.</summary>
    private static IEnumerable<Sample> Histogram(string app, AppRequests requests)
    {
        var (count, sum) = (0L, 0.0);
        for (var i = 0; i < requests.Buckets.Length; i++)
        {
            count += requests.Buckets[i];
            sum += requests.Buckets[i] * Latency.Bounds[i] / 1000.0;
            if (i % EveryBucket == EveryBucket - 1 && i < requests.Buckets.Length - 1)
                yield return new("_bucket", [("app", app), ("le", (Latency.Bounds[i] / 1000.0).ToString(System.Globalization.CultureInfo.InvariantCulture))], count);
        }
        yield return new("_bucket", [("app", app), ("le", "+Inf")], count);
        yield return new("_sum", [("app", app)], sum);
        yield return new("_count", [("app", app)], count);
    }
}
