using Sluice.Wire;

namespace Sluice.Cli.Commands.Labs;

/// <summary>The apps that follow one another because each names the next, as in the days of the Labs plugin.</summary>
internal static class Downstream
{
    /// <summary>The app as it is called, and what comes after it, the nearest first; at most <paramref name="depth"/> of them when given.</summary>
    /// <exception cref="StopException">It names no downstream app.</exception>
    public static async Task<(string App, string[] Chain)> ChainAsync(Run run, string app, int? depth, CancellationToken ct)
    {
        var chain = await run.Server.ListAsync<EdgeWire>($"{PathOf(app)}s{(depth is { } most ? $"?depth={most}" : "")}", ct);
        return chain is [var first, ..]
            ? (first.App.Name, [.. chain.Select(edge => edge.Downstream!.Name)])
            : throw StopException.Refused("Downstream app not specified. Use `sluice pipeline:add DOWNSTREAM_APP` to add one.");
    }

    /// <summary>The app as it is called, and the one that it names.</summary>
    public static async Task<(string App, string Next)> NextAsync(Run run, string app, CancellationToken ct)
    {
        var (name, chain) = await ChainAsync(run, app, depth: 1, ct);
        return (name, chain[0]);
    }

    public static string PathOf(string app) => $"/apps/{Uri.EscapeDataString(app)}/downstream";
}
