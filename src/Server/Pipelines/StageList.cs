using System.Collections.Immutable;
using System.Text.Json;
using System.Text.RegularExpressions;
using Sluice.Accounts;
using Sluice.Apps;
using Sluice.Storage;

namespace Sluice.Pipelines;

/// <summary>Where a stage is put: right before or right after another one. Exactly one of them is set.</summary>
public sealed record StagePlace(string? Before, string? After);

/// <summary>
/// The stages of a pipeline: the four that every client knows, which stay and keep their order, and any others put between or after them. Clients that
/// know only the four see an app of another stage in the standard stage before it.
/// </summary>
public sealed partial class StageList(Db db, TimeProvider clock)
{
    /// <summary>Most stages of one pipeline.</summary>
    public const int Most = 20;

    /// <exception cref="RefusedException">A name that is no good or taken, or a place that is not there: every fault.</exception>
    public Task<Pipeline> AddAsync(Pipeline pipeline, string name, StagePlace place, Principal who, CancellationToken ct) =>
        ChangeAsync("pipeline.stage.add", pipeline, name, who, (_, stages) => WithAdded(pipeline.Name, stages, name, place), ct);

    /// <summary>Puts a stage elsewhere; its apps go with it.</summary>
    /// <exception cref="RefusedException">A standard stage, or a stage or place that is not there: every fault.</exception>
    public Task<Pipeline> MoveAsync(Pipeline pipeline, string name, StagePlace place, Principal who, CancellationToken ct) =>
        ChangeAsync("pipeline.stage.move", pipeline, name, who, (_, stages) => WithMoved(pipeline.Name, stages, name, place), ct);

    /// <exception cref="RefusedException">A standard stage, one that is not there, or one that has apps: they are named.</exception>
    public Task<Pipeline> RemoveAsync(Pipeline pipeline, string name, Principal who, CancellationToken ct) => ChangeAsync(
        "pipeline.stage.remove", pipeline, name, who,
        (tx, stages) =>
        {
            Demand(OwnFaults(pipeline.Name, stages, name, "removed"));
            var all = tx.Find($"SELECT COUNT(*) AS apps FROM pipeline_couplings WHERE pipeline_id = {pipeline.Id} AND stage = {name}", r => r.Int("apps"));
            var seen = tx.List(
                $"""
                SELECT apps.name FROM pipeline_couplings c JOIN apps ON apps.id = c.app_id
                 WHERE c.pipeline_id = {pipeline.Id} AND c.stage = {name} AND {Access.SeesApp(who)} ORDER BY apps.name
                """, r => r.Text("name"));
            var apps = seen.Length == all ? seen : seen.Add($"{all - seen.Length} that you may not see");
            if (all > 0)
                throw Refuse.Invalid($"Stage {name} of pipeline {pipeline.Name} has apps: {string.Join(", ", apps)}. Move them to another stage first, or remove them from the pipeline.");
            return stages.Remove(name);
        },
        ct);

    /// <summary>Rules alone: the list with one more stage.</summary>
    internal static ImmutableArray<string> WithAdded(string pipeline, ImmutableArray<string> stages, string name, StagePlace place)
    {
        var faults = NameFaults(name).ToList();
        if (stages.Contains(name))
            faults.Add($"Pipeline {pipeline} has a stage {name} already.");
        if (stages.Length >= Most)
            faults.Add($"A pipeline has {Most} stages at most.");
        Demand([.. faults, .. PlaceFaults(pipeline, stages, place)]);
        return Put(stages, name, place);
    }

    /// <summary>Rules alone: the list with one stage elsewhere.</summary>
    internal static ImmutableArray<string> WithMoved(string pipeline, ImmutableArray<string> stages, string name, StagePlace place)
    {
        var faults = OwnFaults(pipeline, stages, name, "moved").Concat(PlaceFaults(pipeline, stages, place)).ToList();
        if (name == (place.Before ?? place.After))
            faults.Add($"Stage {name} cannot be put beside itself.");
        Demand(faults);
        return Put(stages.Remove(name), name, place);
    }

    private async Task<Pipeline> ChangeAsync(
        string what, Pipeline pipeline, string stage, Principal who, Func<Tx, ImmutableArray<string>, ImmutableArray<string>> change, CancellationToken ct)
    {
        var now = clock.GetUtcNow();
        var stages = await db.WriteAsync(
            new Act(what, pipeline.Id.ToString(), who.Account, null, who.RequestId).Changing(("stage", null, stage)),
            tx =>
            {
                var before = PipelineCatalog.Find(tx, pipeline.Id)?.Stages ?? throw Refuse.NotFound("pipeline", pipeline.Name);
                var after = change(tx, before);
                tx.Execute($"UPDATE pipelines SET stages = {JsonSerializer.Serialize(after)}, updated_at = {now} WHERE id = {pipeline.Id}");
                return after;
            },
            ct);
        return pipeline with { Stages = stages, UpdatedAt = now };
    }

    private static ImmutableArray<string> Put(ImmutableArray<string> stages, string name, StagePlace place) =>
        stages.Insert(place.Before is { } before ? stages.IndexOf(before) : stages.IndexOf(place.After!) + 1, name);

    private static IEnumerable<string> NameFaults(string name)
    {
        if (!GoodName().IsMatch(name))
            yield return "A stage's name has 2 to 30 characters, starts with a letter, and has only lower-case letters, digits and dashes.";
        if (name == "test")
            yield return "The stage test is kept for test runs: choose another name.";
    }

    private static IEnumerable<string> PlaceFaults(string pipeline, ImmutableArray<string> stages, StagePlace place)
    {
        if (place.Before is null == place.After is null)
            yield return "Say where the stage goes: before one stage, or after one.";
        else if (!stages.Contains(place.Before ?? place.After!))
            yield return Unknown(pipeline, stages, place.Before ?? place.After!);
        else if (place.Before == Stages.Default[0])
            yield return $"Nothing comes before {Stages.Default[0]}: clients that know only the standard stages must see a stage in the one before it.";
    }

    private static IEnumerable<string> OwnFaults(string pipeline, ImmutableArray<string> stages, string name, string done)
    {
        if (!stages.Contains(name))
            yield return Unknown(pipeline, stages, name);
        else if (Stages.Default.Contains(name))
            yield return $"Stage {name} cannot be {done}: the standard stages stay where clients that know only them expect them.";
    }

    private static string Unknown(string pipeline, ImmutableArray<string> stages, string name) =>
        $"Pipeline {pipeline} has no stage {(name.Length <= 60 ? name : name[..57] + "...")}; it has {string.Join(", ", stages)}.";

    private static void Demand(IEnumerable<string> faults)
    {
        var all = faults.ToArray();
        if (all.Length > 0)
            throw Refuse.Invalid(all);
    }

    [GeneratedRegex(@"\A[a-z][a-z0-9-]{1,29}\z")]
    private static partial Regex GoodName();
}
