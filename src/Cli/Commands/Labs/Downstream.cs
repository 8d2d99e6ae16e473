using Sluice.Wire;

namespace Sluice.Cli.Commands.Labs;

/// <summary>What comes after an app as in the days of the Labs plugin, one at a time: the app that it names, else the only one of its pipeline's next stage.</summary>
internal static class Downstream
{
    /// <summary>The app as it is called, and what comes after it, the nearest first; at most <paramref name="depth"/> of them when given.</summary>
    /// <exception cref="StopException">Nothing comes after it, or several do.</exception>
    public static async Task<(string App, string[] Chain)> ChainAsync(Run run, string app, int? depth, CancellationToken ct)
    {
        var step = await StepAsync(run, app, ct);
        if (OnlyOne(step) is null)
            throw StopException.Refused(WhyNot(step));
        // An edge may lead back to an earlier stage, so that what one has seen is the end, too.
        var chain = new List<string> { step.App.Name };
        while (OnlyOne(step) is { } next && !chain.Contains(next) && chain.Count <= (depth ?? int.MaxValue))
        {
            chain.Add(next);
            step = await StepAsync(run, next, ct);
        }

        return (chain[0], [.. chain[1..]]);
    }

    /// <summary>The app as it is called, and the one that comes after it.</summary>
    public static async Task<(string App, string Next)> NextAsync(Run run, string app, CancellationToken ct)
    {
        var step = await StepAsync(run, app, ct);
        return (step.App.Name, OnlyOne(step) ?? throw StopException.Refused(WhyNot(step)));
    }

    public static string PathOf(string app) => $"/apps/{Uri.EscapeDataString(app)}/downstream";

    private static Task<PromotesToWire> StepAsync(Run run, string app, CancellationToken ct) =>
        run.Server.GetAsync<PromotesToWire>($"/apps/{Uri.EscapeDataString(app)}/promotes-to", ct);

    private static string? OnlyOne(PromotesToWire step) => step is { WhyNot: null, Apps: [var next] } ? next.Name : null;

    private static string WhyNot(PromotesToWire step) => step switch
    {
        { Apps.Count: 0 } => "Downstream app not specified. Use `sluice pipeline:add DOWNSTREAM_APP` to add one.",
        { WhyNot: { } why } => why,
        _ => $"{step.App.Name} promotes to {step.Apps.Count} apps of stage {step.Stage}: {string.Join(", ", step.Apps.Select(app => app.Name))}. "
            + $"Name one with `sluice pipeline:add DOWNSTREAM_APP -a {step.App.Name}`, or take all of them with `sluice pipelines:diff` and `sluice pipelines:promote`.",
    };
}
