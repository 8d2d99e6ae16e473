using System.Text.Json;
using Sluice.Runtime;

namespace Sluice.Builds;

/// <summary>What a build takes from an app's own <c>app.json</c>: the path that its health check asks for.</summary>
internal static class AppJson
{
    public const int MaxBytes = 64 * 1024;

    /// <summary><c>healthchecks.web</c>: the first entry with a path, but for entries of another type than <c>startup</c>. Null without one, or without readable JSON.</summary>
    /// <exception cref="RefusedException">The path is none.</exception>
    public static string? HealthPath(byte[]? text)
    {
        if (text is null)
            return null;
        try
        {
            using var json = JsonDocument.Parse(text, new JsonDocumentOptions { MaxDepth = 32 });
            if (Member(json.RootElement, "healthchecks") is not { } checks || Member(checks, "web") is not { ValueKind: JsonValueKind.Array } web)
                return null;
            var path = web.EnumerateArray().Where(check => Text(check, "type") is null or "startup").Select(check => Text(check, "path")).FirstOrDefault(p => p is not null);
            return path is null || HealthCheck.Fault("healthchecks.web.path in app.json", path) is not { } fault ? path : throw Refuse.Invalid(fault);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return null;   // a file that is no JSON concerned nobody so far
        }
    }

    private static JsonElement? Member(JsonElement json, string name) => json.ValueKind == JsonValueKind.Object && json.TryGetProperty(name, out var member) ? member : null;

    private static string? Text(JsonElement json, string name) => Member(json, name) is { ValueKind: JsonValueKind.String } text ? text.GetString() : null;
}
