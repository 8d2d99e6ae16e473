using Sluice.Cli.Output;
using Sluice.Wire;

namespace Sluice.Cli.Commands.Features;

/// <summary>Features of the account and of an app, as <c>features</c> (settled ones, of apps) and <c>labs</c> (tried out) show and set them.</summary>
internal static class KnownFeatures
{
    private const string Warning = "WARNING: This feature is experimental and may change or be removed without notice.";

    public static string OfAccount => "/account/features";

    public static string OfApp(string app) => $"/apps/{Uri.EscapeDataString(app)}/features";

    public static bool IsGeneral(this FeatureWire feature) => feature.State is "general";

    /// <summary>The account's feature of that name, else the app's, if there is one; with where it was found.</summary>
    public static async Task<(FeatureWire Feature, string At)> FindAsync(Run run, string named, string? app, CancellationToken ct)
    {
        var name = Uri.EscapeDataString(named);
        try
        {
            return (await run.Server.GetAsync<FeatureWire>($"{OfAccount}/{name}", ct), OfAccount);
        }
        catch (SluiceException none) when (none.Status == 404 && app is not null)
        {
            return (await run.Server.GetAsync<FeatureWire>($"{OfApp(app)}/{name}", ct), OfApp(app));
        }
    }

    public static void Print(this IEnumerable<FeatureWire> features, Run run)
    {
        var table = new Table();
        foreach (var feature in features.OrderBy(f => f.Name, StringComparer.Ordinal))
        {
            table.Add(feature.Enabled ? "[+]" : "[ ]", feature.Enabled ? run.Terminal.Good(feature.Name) : feature.Name, feature.Description);
        }

        table.Print(run.Terminal);
    }

    public static void Show(Run run, FeatureWire feature)
    {
        run.Terminal.Heading(feature.Name);
        var table = new Table();
        table.Add("Description:", feature.Description);
        table.Add("Enabled:", feature.Enabled ? "true" : "false");
        table.Print(run.Terminal);
    }

    /// <summary>Says what it does, and warns of what is tried out only.</summary>
    public static async Task SetAsync(Run run, FeatureWire feature, string at, string owner, bool enabled, CancellationToken ct)
    {
        await run.Terminal.StepAsync($"{(enabled ? "Enabling" : "Disabling")} {feature.Name} for {owner}", () =>
            run.Server.PatchAsync<UpdateFeatureWire, FeatureWire>($"{at}/{feature.Name}", new(enabled), ct));
        if (enabled && !feature.IsGeneral())
        {
            run.Terminal.Note(Warning);
        }
    }
}
