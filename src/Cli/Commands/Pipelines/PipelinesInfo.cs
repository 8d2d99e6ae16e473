using System.CommandLine;
using System.Text.Json.Nodes;
using System.Text.Json;
using Sluice.Cli.Output;
using Sluice.Wire;

namespace Sluice.Cli.Commands.Pipelines;

internal sealed class PipelinesInfo : CliCommand
{
    public static readonly About Is = new("pipelines:info", "Show a pipeline's apps, stage by stage", "sluice pipelines:info shop", () => new PipelinesInfo());

    private readonly Argument<string> named = Flags.Needed("PIPELINE", "name or id");
    private readonly Option<bool> owners = new("--with-owners") { Description = "show each app's owner, too" };
    private readonly Option<bool> json = Flags.Json();

    public PipelinesInfo() : base(Is)
    {
        Arguments.Add(named);
        Options.Add(owners);
        Options.Add(json);
    }

    public override async Task<ExitCode> RunAsync(Run run, CancellationToken ct)
    {
        var pipeline = await Coupling.PipelineAsync(run, run.Value(named)!, ct);
        var couplings = await Coupling.AllAsync(run, pipeline.Id, ct);
        if (run.Value(json))
        {
            await PrintJsonAsync(run, pipeline, couplings, ct);
            return ExitCode.Ok;
        }

        run.Terminal.Heading(pipeline.Name);
        if (couplings.Count == 0)
        {
            run.Terminal.Note($"No apps yet. Add one with: sluice pipelines:add {pipeline.Name} -a APP -s STAGE");
            return ExitCode.Ok;
        }

        var apps = await AppsAsync(run, couplings, ct);
        PrintTable(run, couplings.InOrder(pipeline), run.Value(owners) ? apps : null);
        WarnOfOthers(run, pipeline, apps);
        WarnOfUnseen(run, pipeline, couplings, apps);
        return ExitCode.Ok;
    }

    private static Task<IReadOnlyList<AppWire>> AppsAsync(Run run, IReadOnlyList<CouplingWire> couplings, CancellationToken ct) =>
        run.Server.PostAsync<FilterAppsWire, IReadOnlyList<AppWire>>("/filters/apps", new(new([.. couplings.Select(c => c.App.Id)])), ct);

    private static void PrintTable(Run run, IEnumerable<CouplingWire> couplings, IReadOnlyList<AppWire>? owned)
    {
        var rows = couplings.ToArray();
        var anyEdge = rows.Any(c => c.Downstream is not null);
        var table = new Table(["app name", "stage", .. owned is null ? (string[])[] : ["owner"], .. anyEdge ? (string[])["promotes to"] : []]);
        foreach (var row in rows)
        {
            table.Add([row.App.Name, row.Shown(), .. owned is null ? (string[])[] : [owned.FirstOrDefault(app => app.Id == row.App.Id)?.Owner.Email ?? ""],
                .. anyEdge ? (string[])[row.Downstream?.Name ?? ""] : []]);
        }

        table.Print(run.Terminal);
    }

    /// <summary>Apps that belong to others may be promoted, moved or destroyed by others: worth knowing, and there is a way out.</summary>
    private static void WarnOfOthers(Run run, PipelineWire pipeline, IReadOnlyList<AppWire> apps)
    {
        var others = apps.Where(app => app.Owner.Id != pipeline.Owner?.Id).Select(app => $"{app.Name} ({app.Owner.Email})").Order(StringComparer.Ordinal).ToArray();
        if (others.Length > 0)
        {
            run.Terminal.Warning($"Some apps in this pipeline do not belong to its owner: {string.Join(", ", others)}. "
                + "Hand them over with sluice apps:transfer OWNER -a APP, or the pipeline with sluice pipelines:transfer.");
        }
    }

    /// <summary>Who owns the pipeline is told of every app in it.</summary>
    private static void WarnOfUnseen(Run run, PipelineWire pipeline, IReadOnlyList<CouplingWire> couplings, IReadOnlyList<AppWire> apps)
    {
        foreach (var unseen in couplings.Where(c => apps.All(app => app.Id != c.App.Id)))
        {
            run.Terminal.Warning($"You may not see {unseen.App.Name}, and a promotion to {unseen.Shown()} that names no apps stops at it. "
                + $"Ask its owner for access, or take it out with sluice pipelines:remove -a {unseen.App.Name} --pipeline {pipeline.Name}.");
        }
    }

    /// <summary>As the Heroku CLI prints it: the pipeline, and its apps in full, each with its <c>pipelineCoupling</c>.</summary>
    private static async Task PrintJsonAsync(Run run, PipelineWire pipeline, IReadOnlyList<CouplingWire> couplings, CancellationToken ct)
    {
        var apps = await AppsAsync(run, couplings, ct);
        var list = new JsonArray();
        foreach (var coupling in couplings.InOrder(pipeline))
        {
            if (apps.FirstOrDefault(a => a.Id == coupling.App.Id) is { } app)
            {
                var node = JsonSerializer.SerializeToNode(app, WireJson.Default.AppWire)!.AsObject();
                node["pipelineCoupling"] = JsonSerializer.SerializeToNode(coupling, WireJson.Default.CouplingWire);
                list.Add((JsonNode)node);
            }
        }

        run.Print(new JsonObject { ["pipeline"] = JsonSerializer.SerializeToNode(pipeline, WireJson.Default.PipelineWire), ["apps"] = list });
    }
}
