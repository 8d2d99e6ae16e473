using System.Text.Json;

namespace Sluice.Dashboard.PipelinePage;

/// <summary>What an event of the trail is called in a history, with what it changed as far as the event says so.</summary>
internal static class EventWords
{
    /// <summary>Null when no history shows it.</summary>
    /// <param name="data">The event's own JSON.</param>
    public static string? Of(string what, string data)
    {
        var facts = Facts(data);
        return what switch
        {
            "pipeline.create" => "Pipeline made",
            "pipeline.rename" => "Pipeline renamed" + FromTo(facts, "name"),
            "pipeline.add" => facts.GetValueOrDefault("stage") is [var stage] ? $"Put into {stage} of the pipeline" : "Put into the pipeline",
            "pipeline.move" => facts.ContainsKey("stage") ? "Moved" + FromTo(facts, "stage") : "Moved to another stage",
            "pipeline.remove" => "Taken out of the pipeline",
            "pipeline.transfer" => "Pipeline handed to another owner",
            "pipeline.stage.add" => $"Stage {One(facts, "stage")}added",
            "pipeline.stage.move" => $"Stage {One(facts, "stage")}moved",
            "pipeline.stage.remove" => $"Stage {One(facts, "stage")}removed",
            "edge.set" => "Downstream app named",
            "edge.remove" => "Downstream app taken away",
            "transfer.create" => "Offered to another owner",
            "transfer.decline" => "Declined by whom it was offered to",
            "transfer.withdraw" => "Offer taken back",
            "transfer.accept" or "app.transfer" => "Handed to another owner",
            "access.add" => "Somebody was let in",
            "access.update" => "Somebody's permissions changed",
            "access.remove" => "Somebody was taken off",
            "domain.create" => $"Domain {One(facts, "domain")}added",
            "domain.destroy" => "Domain removed",
            "app.create" => "App made",
            "app.update" => Updated(facts),
            "formation.update" => facts.Count == 0 ? "Scaled" : $"Scaled {string.Join(", ", facts.Select(fact => $"{fact.Key} {fact.Value[^1]}"))}",
            "buildpacks.update" => "Buildpacks changed",
            _ => null,
        };
    }

    private static string Updated(Dictionary<string, string[]> facts)
    {
        string[] said =
        [
            .. facts.ContainsKey("name") ? ["Renamed" + FromTo(facts, "name")] : (string[])[],
            .. facts.GetValueOrDefault("maintenance") is [.., var maintenance] ? [$"Maintenance turned {maintenance}"] : (string[])[],
            .. facts.ContainsKey("stack") ? ["Stack changed" + FromTo(facts, "stack")] : (string[])[],
            .. facts.GetValueOrDefault("lock") is [.., var held] ? [held == "on" ? "Locked" : "Unlocked"] : (string[])[],
        ];
        // Written before events said what they changed.
        return said.Length == 0 ? "Name, stack, lock or maintenance changed" : string.Join("; ", said);
    }

    private static string FromTo(Dictionary<string, string[]> facts, string fact) => facts.GetValueOrDefault(fact) is [var was, var now] ? $" from {was} to {now}" : "";

    private static string One(Dictionary<string, string[]> facts, string fact) => facts.GetValueOrDefault(fact) is [var value] ? value + " " : "";

    private static Dictionary<string, string[]> Facts(string data)
    {
        using var json = JsonDocument.Parse(data);
        return json.RootElement.EnumerateObject().Where(fact => fact.Value.ValueKind == JsonValueKind.Array)
            .ToDictionary(fact => fact.Name, fact => fact.Value.EnumerateArray().Select(value => value.ToString()).ToArray(), StringComparer.Ordinal);
    }
}
