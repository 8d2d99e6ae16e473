using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using Sluice.Tests.House;

namespace Sluice.Tests.Api;

/// <summary>
/// Heroku's published schema, when a copy lies beside this repository: JSON Schema draft 04 as far as that file uses it ($ref, type, enum, format,
/// pattern, properties, required, items, anyOf, patternProperties, additionalProperties, strictProperties).
/// </summary>
internal sealed class HerokuSchema(JsonElement root)
{
    public static string File => Path.Combine(Repository.Root, "..", "shared", "heroku-platform-schema.json");

    /// <summary>Members that name a host of Heroku's, or a region of its provider's: they cannot be right anywhere else.</summary>
    /// <remarks>And a domain's <c>hostname</c>, which the schema calls a URI although it is a bare name.</remarks>
    private static readonly string[] OfTheirHosts = ["git_url", "web_url", "hostname"];

    public static HerokuSchema Read()
    {
        using var document = JsonDocument.Parse(System.IO.File.ReadAllBytes(File));
        return new HerokuSchema(document.RootElement.Clone());
    }

    /// <summary>Definition and list or not for a route as the schema writes it, found by method and by its path with every id left out; null when it has none.</summary>
    public (JsonElement Schema, bool IsList)? Answer(string method, string path)
    {
        foreach (var definition in root.GetProperty("definitions").EnumerateObject())
        {
            if (!definition.Value.TryGetProperty("links", out var links))
                continue;
            foreach (var link in links.EnumerateArray())
            {
                if (link.GetProperty("method").GetString() != method || Plain(link.GetProperty("href").GetString()!) != Plain(path))
                    continue;
                var target = link.TryGetProperty("targetSchema", out var named) ? Resolve(named) : definition.Value;
                var isList = link.TryGetProperty("rel", out var rel) && rel.GetString() == "instances";
                return (target, isList && !Types(target).Contains("array"));
            }
        }

        return null;
    }

    public IEnumerable<string> Faults(JsonElement value, JsonElement schema, string at)
    {
        schema = Resolve(schema);
        if (schema.TryGetProperty("anyOf", out var any) && !any.EnumerateArray().Any(option => !Faults(value, option, at).Any()))
            return [$"{at} is none of what it may be: {value}"];
        var types = Types(schema);
        if (types.Count > 0 && !types.Any(type => IsOf(value, type)))
            return [$"{at} is not {string.Join(" or ", types)}: {value}"];
        if (schema.TryGetProperty("enum", out var words) && !words.EnumerateArray().Any(word => JsonElement.DeepEquals(word, value)))
            return [$"{at} is not one of {words}: {value}"];
        return value.ValueKind switch
        {
            JsonValueKind.String => TextFaults(value.GetString()!, schema, at),
            JsonValueKind.Array when schema.TryGetProperty("items", out var items) => value.EnumerateArray().SelectMany((item, i) => Faults(item, items, $"{at}[{i}]")),
            JsonValueKind.Object => ObjectFaults(value, schema, at),
            _ => [],
        };
    }

    private IEnumerable<string> ObjectFaults(JsonElement value, JsonElement schema, string at)
    {
        var known = schema.TryGetProperty("properties", out var properties) && properties.ValueKind == JsonValueKind.Object
            ? properties.EnumerateObject().ToDictionary(p => p.Name, p => p.Value, StringComparer.Ordinal)
            : [];
        foreach (var missing in Required(schema, known).Where(name => !value.TryGetProperty(name, out _)))
            yield return $"{at}.{missing} is missing";
        var patterns = schema.TryGetProperty("patternProperties", out var given) ? given.EnumerateObject().ToArray() : [];
        foreach (var member in value.EnumerateObject())
        {
            if (OfTheirHosts.Contains(member.Name))
                continue;
            if (known.TryGetValue(member.Name, out var property))
            {
                foreach (var fault in Faults(member.Value, property, $"{at}.{member.Name}"))
                    yield return fault;
            }
            else if (patterns.FirstOrDefault(p => Regex.IsMatch(member.Name, p.Name)) is { Value.ValueKind: JsonValueKind.Object } pattern)
            {
                foreach (var fault in Faults(member.Value, pattern.Value, $"{at}.{member.Name}"))
                    yield return fault;
            }
            else if (schema.TryGetProperty("additionalProperties", out var more) && more.ValueKind == JsonValueKind.False)
            {
                yield return $"{at}.{member.Name} is not allowed";
            }
        }
    }

    /// <summary>Their own word <c>strictProperties</c> says that all members are there; that there are no others it says, too, but Heroku itself adds some.</summary>
    private static IEnumerable<string> Required(JsonElement schema, Dictionary<string, JsonElement> known) =>
        schema.TryGetProperty("required", out var required) ? required.EnumerateArray().Select(name => name.GetString()!)
        : schema.TryGetProperty("strictProperties", out var strict) && strict.ValueKind == JsonValueKind.True ? known.Keys
        : [];

    private static IEnumerable<string> TextFaults(string text, JsonElement schema, string at)
    {
        if (schema.TryGetProperty("pattern", out var pattern) && !Regex.IsMatch(text, pattern.GetString()!))
            yield return $"{at} does not match {pattern}: {text}";
        var isGood = (schema.TryGetProperty("format", out var format) ? format.GetString() : "") switch
        {
            "uuid" => Guid.TryParseExact(text, "D", out _),
            "date-time" => DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, out _) && text.Contains('T'),
            "email" => text.Contains('@'),
            "uri" => Uri.TryCreate(text, UriKind.Absolute, out _),
            _ => true,
        };
        if (!isGood)
            yield return $"{at} is no {format}: {text}";
    }

    private JsonElement Resolve(JsonElement schema)
    {
        while (schema.TryGetProperty("$ref", out var reference))
        {
            var target = root;
            foreach (var part in Uri.UnescapeDataString(reference.GetString()!).TrimStart('#', '/').Split('/'))
                target = target.GetProperty(part);
            schema = target;
        }

        return schema;
    }

    private static List<string> Types(JsonElement schema) => !schema.TryGetProperty("type", out var type) ? []
        : type.ValueKind == JsonValueKind.Array ? [.. type.EnumerateArray().Select(t => t.GetString()!)] : [type.GetString()!];

    private static bool IsOf(JsonElement value, string type) => type switch
    {
        "null" => value.ValueKind == JsonValueKind.Null,
        "boolean" => value.ValueKind is JsonValueKind.True or JsonValueKind.False,
        "integer" => value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out _),
        "number" => value.ValueKind == JsonValueKind.Number,
        "string" => value.ValueKind == JsonValueKind.String,
        "array" => value.ValueKind == JsonValueKind.Array,
        _ => value.ValueKind == JsonValueKind.Object,
    };

    private static string Plain(string path) => Regex.Replace(Uri.UnescapeDataString(path), @"\{\(?[^}]*\)?\}", "{}");
}
