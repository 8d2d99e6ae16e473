using Sluice.Wire;

namespace Sluice.Cli.Commands.Pipelines;

/// <summary>Which stage of which pipeline an app is in, and looking up a pipeline by what a person typed.</summary>
internal static class Coupling
{
    private static readonly (string[] Suffixes, string Stage)[] Guesses =
    [
        (["-dev", "-development", "-uat", "-tst", "-test", "-qa"], "development"),
        (["-stg", "-staging"], "staging"),
        (["-prd", "-prod", "-production", "-admin", "-demo"], "production"),
    ];

    public static async Task<CouplingWire?> FindAsync(Run run, string app, CancellationToken ct)
    {
        try
        {
            return await run.Server.GetAsync<CouplingWire>($"/apps/{Uri.EscapeDataString(app)}/pipeline-couplings", ct);
        }
        catch (SluiceException none) when (none.Status == 404 && none.Resource is not "app")
        {
            return null;
        }
    }

    public static async Task<CouplingWire> NeedAsync(Run run, string app, CancellationToken ct) =>
        await FindAsync(run, app, ct) ?? throw StopException.Refused($"{app} is in no pipeline. Put it in one with: sluice pipelines:add PIPELINE -a {app} -s STAGE");

    public static Task<IReadOnlyList<CouplingWire>> AllAsync(Run run, Guid pipeline, CancellationToken ct) =>
        run.Server.ListAsync<CouplingWire>($"/pipelines/{pipeline}/pipeline-couplings", ct);

    /// <summary>By id or name. Names may be used twice: then the ids are asked for.</summary>
    public static async Task<PipelineWire> PipelineAsync(Run run, string named, CancellationToken ct)
    {
        if (Guid.TryParse(named, out var id))
        {
            return await run.Server.GetAsync<PipelineWire>($"/pipelines/{id}", ct);
        }

        var found = await run.Server.ListAsync<PipelineWire>($"/pipelines?eq[name]={Uri.EscapeDataString(named)}", ct);
        return found.Count switch
        {
            1 => found[0],
            0 => throw new StopException(ExitCode.Refused, $"There is no pipeline {named}. See them with: sluice pipelines"),
            _ => throw StopException.Refused($"{found.Count} pipelines are named {named}. Give the id of the one you mean:\n{string.Join('\n', found.OrderBy(p => p.CreatedAt).Select(p => $"  {p.Id}  created {p.CreatedAt:yyyy-MM-dd HH:mm} UTC"))}"),
        };
    }

    /// <summary>The stage that an app's name suggests; production for a plain name.</summary>
    public static string GuessStage(string app) =>
        Guesses.FirstOrDefault(g => g.Suffixes.Any(s => app.EndsWith(s, StringComparison.Ordinal))).Stage ?? "production";

    /// <summary>An app's name without what tells its stage: <c>shop-staging</c> → shop.</summary>
    public static string BaseName(string app) =>
        Guesses.SelectMany(g => g.Suffixes).FirstOrDefault(s => app.Length > s.Length && app.EndsWith(s, StringComparison.Ordinal)) is { } suffix ? app[..^suffix.Length] : app;

    /// <summary>The stage as its pipeline names it, where it has a name of its own.</summary>
    public static string Shown(this CouplingWire coupling) => coupling.StageName ?? coupling.Stage;

    /// <summary>Apps in the order of the pipeline's stages, then by name.</summary>
    public static IEnumerable<CouplingWire> InOrder(this IEnumerable<CouplingWire> couplings, PipelineWire? pipeline)
    {
        string[] stages = [.. pipeline?.Stages ?? ["review", "development", "staging", "production"]];
        return couplings.OrderBy(c => Array.IndexOf(stages, c.Shown()) is var at and >= 0 ? at : stages.Length).ThenBy(c => c.App.Name, StringComparer.Ordinal);
    }
}
