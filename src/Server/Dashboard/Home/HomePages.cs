using Sluice.Accounts;

namespace Sluice.Dashboard.Home;

/// <summary>The first page, and what the palette finds.</summary>
internal static class HomePages
{
    public static void MapHome(this IEndpointRouteBuilder dashboard)
    {
        dashboard.MapGet("", Show).ForMe();
        dashboard.MapGet("/how", How).ForMe();
        dashboard.MapGet("/find", Find).ForMe();
    }

    private static async Task<IResult> Show(string? q, string? from, string? alone, Principal who, HomeLines lines, Views views, CancellationToken ct) =>
        await views.PageAsync<HomePage>("Pipelines", [], await lines.OfAsync(Asked(q), from ?? "", alone ?? "", who, ct));

    private static Task<IResult> How(Views views) => views.PageAsync<HomePage>("How it works", [new("How it works", "/dashboard/how")], new HomeView("", [], [], null, null));

    /// <param name="at">Id of the pipeline that is looked at, if one is.</param>
    private static async Task<IResult> Find(string? q, string? at, Principal who, Finder finder, Views views, CancellationToken ct) =>
        await views.FragmentAsync<Found>(await finder.OfAsync(Asked(q), Guid.TryParse(at, out var pipeline) ? pipeline.ToString() : null, who, ct));

    private static string Asked(string? q) => (q ?? "").Trim().ToLowerInvariant() is var asked && asked.Length <= 60 ? asked : asked[..60];
}
