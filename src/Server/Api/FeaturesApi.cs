using Sluice.Accounts;
using Sluice.Apps;
using Sluice.Releases;
using Sluice.Wire;

namespace Sluice.Api;

/// <summary>What is turned on for the caller and for an app. Turning on what is tried out is answered with a warning.</summary>
internal static class FeaturesApi
{
    /// <summary>What nobody touched is as old as the project.</summary>
    private static readonly DateTimeOffset Epoch = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    public static void MapFeatures(this IEndpointRouteBuilder api)
    {
        api.MapGet("/account/features", OfAccount).ForAccount();
        api.MapGet("/account/features/{feature}", OneOfAccount).ForAccount();
        api.MapPatch("/account/features/{feature}", SetForAccount).ForAccount().ReachingAccount();
        api.MapGet("/apps/{name}/features", OfApp).ForApp(Permission.View);
        api.MapGet("/apps/{name}/features/{feature}", OneOfApp).ForApp(Permission.View);
        api.MapPatch("/apps/{name}/features/{feature}", SetForApp).ForApp(Permission.Operate);
    }

    private static async Task<FeatureWire[]> OfAccount(Principal who, FeatureTable features, Links links, CancellationToken ct) =>
        [.. (await features.ListAsync(who.Account, ct)).Select(state => state.ToWire(links))];

    private static async Task<FeatureWire[]> OfApp(App app, FeatureTable features, Links links, CancellationToken ct) =>
        [.. (await features.ListAsync(app.Id, ct)).Select(state => state.ToWire(links))];

    private static async Task<FeatureWire> OneOfAccount(string feature, Principal who, FeatureTable features, Links links, CancellationToken ct) =>
        Find(await features.ListAsync(who.Account, ct), feature).ToWire(links);

    private static async Task<FeatureWire> OneOfApp(string feature, App app, FeatureTable features, Links links, CancellationToken ct) =>
        Find(await features.ListAsync(app.Id, ct), feature).ToWire(links);

    private static async Task<FeatureWire> SetForAccount(
        string feature, HttpContext http, RequestBody body, Principal who, FeatureTable features, Links links, CancellationToken ct)
    {
        var state = Find(await features.ListAsync(who.Account, ct), feature);
        var enabled = Wanted(body);
        var set = await features.SetAsync(state, who.Account, enabled, who, ct);
        Warn(http, set);
        return set.ToWire(links);
    }

    private static async Task<FeatureWire> SetForApp(
        string feature, HttpContext http, RequestBody body, App app, Principal who, FeatureTable features, CurrentPlans plans, Links links, CancellationToken ct)
    {
        var state = Find(await features.ListAsync(app.Id, ct), feature);
        var enabled = Wanted(body);
        var set = await features.SetAsync(state, app.Id, enabled, who, ct);
        plans.Nudge(app.Id);
        Warn(http, set);
        return set.ToWire(links);
    }

    private static bool Wanted(RequestBody body)
    {
        var enabled = body.Flag("enabled");
        if (!body.Has("enabled"))
            body.Fault("enabled is missing.");
        body.RefuseFaults();
        return enabled!.Value;
    }

    /// <summary>Clients print this header once, as a warning.</summary>
    private static void Warn(HttpContext http, FeatureState state)
    {
        if (state.IsEnabled && !state.Feature.IsGeneral)
            http.Response.Headers["X-Heroku-Warning"] = Feature.Warning;
    }

    private static FeatureState Find(IEnumerable<FeatureState> states, string idOrName) =>
        states.FirstOrDefault(state => state.Feature.Name == idOrName || IdOf(state.Feature).ToString() == idOrName) ?? throw Refuse.NotFound("feature", idOrName);

    private static Guid IdOf(Feature feature) => StableId.Of("feature", feature.Name);

    private static FeatureWire ToWire(this FeatureState state, Links links) => new()
    {
        Id = IdOf(state.Feature),
        Name = state.Feature.Name,
        DisplayName = state.Feature.Title,
        Description = state.Feature.Description,
        DocUrl = links.To("/"),
        FeedbackEmail = Account.Admin,
        Enabled = state.IsEnabled,
        State = state.Feature.IsGeneral ? "general" : "public",
        CreatedAt = state.CreatedAt ?? Epoch,
        UpdatedAt = state.ChangedAt ?? Epoch,
    };
}
