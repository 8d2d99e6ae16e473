using System.Globalization;
using System.Text.Json;
using Sluice.Tests.House;

namespace Sluice.Tests.Api;

/// <summary><c>docs/api-contract.json</c>: what each route answers. Its first lines explain the words.</summary>
internal sealed class Contract
{
    private readonly JsonElement records;

    private Contract(JsonElement file)
    {
        records = file.GetProperty("records");
        Routes = file.GetProperty("routes").EnumerateObject().ToDictionary(
            r => r.Name, r => new Promise(
                r.Value.GetProperty("needs").GetString()!,
                r.Value.GetProperty("answers").GetString()!,
                r.Value.TryGetProperty("reach", out var reach) ? reach.GetString()! : r.Name.StartsWith("GET ", StringComparison.Ordinal) ? "read" : "write"),
            StringComparer.Ordinal);
    }

    public Dictionary<string, Promise> Routes { get; }

    public IEnumerable<string> Records => records.EnumerateObject().Select(r => r.Name);

    public static Contract Read()
    {
        using var document = JsonDocument.Parse(Repository.Read("docs/api-contract.json"));
        return new Contract(document.RootElement.Clone());
    }

    /// <summary>Where <paramref name="value"/> is not of <paramref name="type"/>, a line each.</summary>
    public IEnumerable<string> Faults(JsonElement value, string type, string at)
    {
        if (type.EndsWith('?'))
            return value.ValueKind == JsonValueKind.Null ? [] : Faults(value, type[..^1], at);
        return type[0] switch
        {
            '[' => value.ValueKind == JsonValueKind.Array
                ? value.EnumerateArray().SelectMany((item, i) => Faults(item, type[1..^1], $"{at}[{i}]"))
                : [$"{at} is no list: {value}"],
            '{' => value.ValueKind == JsonValueKind.Object
                ? value.EnumerateObject().SelectMany(member => Faults(member.Value, type[1..^1], $"{at}.{member.Name}"))
                : [$"{at} is no object: {value}"],
            '@' => RecordFaults(value, type[1..], at),
            _ => IsOf(value, type) ? [] : [$"{at} is not {type}: {value}"],
        };
    }

    private IEnumerable<string> RecordFaults(JsonElement value, string record, string at)
    {
        if (value.ValueKind != JsonValueKind.Object)
            return [$"{at} is no {record}: {value}"];
        var wanted = records.GetProperty(record).EnumerateObject().ToDictionary(m => m.Name, m => m.Value.GetString()!, StringComparer.Ordinal);
        var extra = value.EnumerateObject().Where(m => !wanted.ContainsKey(m.Name)).Select(m => $"{at}.{m.Name} is not in the contract");
        return extra.Concat(wanted.SelectMany(m => value.TryGetProperty(m.Key, out var member)
            ? Faults(member, m.Value, $"{at}.{m.Key}")
            : [$"{at}.{m.Key} is missing"]));
    }

    private static bool IsOf(JsonElement value, string type) => (type, value.ValueKind) switch
    {
        ("uuid", JsonValueKind.String) => Guid.TryParseExact(value.GetString(), "D", out var id) && id.ToString() == value.GetString(),
        ("text", JsonValueKind.String) => true,
        ("url", JsonValueKind.String) => Uri.TryCreate(value.GetString(), UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https",
        ("time", JsonValueKind.String) => DateTimeOffset.TryParseExact(
            value.GetString(), "yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out _),
        ("int", JsonValueKind.Number) => value.TryGetInt64(out _),
        ("number", JsonValueKind.Number) => true,
        ("flag", JsonValueKind.True or JsonValueKind.False) => true,
        ("uuid" or "text" or "url" or "time" or "int" or "number" or "flag", _) => false,
        (_, JsonValueKind.String) => type.Split('|').Contains(value.GetString()),
        _ => false,
    };
}

/// <summary>Who may ask, what is answered, and what the asking key's scope must allow.</summary>
internal sealed record Promise(string Needs, string Answers, string Reach);
