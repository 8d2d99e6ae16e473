using System.Text.Json;

namespace Sluice.Api;

/// <summary>
/// The JSON that a caller sent, read leniently: a missing body is an empty object. What has the wrong type is noted, and
/// <see cref="RefuseFaults"/> refuses all of it together, a sentence each.
/// </summary>
internal sealed class RequestBody
{
    private const int MaxBytes = 1024 * 1024;
    private static readonly JsonElement Nothing = JsonDocument.Parse("{}").RootElement;

    private readonly JsonElement json;
    private readonly string path;
    private readonly List<string> faults;

    private RequestBody(JsonElement json, string path, List<string> faults)
    {
        this.json = json;
        this.path = path;
        this.faults = faults;
    }

    /// <summary>Called by the framework.</summary>
    public static async ValueTask<RequestBody?> BindAsync(HttpContext http)
    {
        if (http.Request.ContentLength > MaxBytes)
            throw Refuse.TooLarge($"A request's body may have {MaxBytes} bytes.");
        using var bytes = new MemoryStream();
        var buffer = new byte[16 * 1024];
        while (await http.Request.Body.ReadAsync(buffer, http.RequestAborted) is > 0 and var read)
        {
            bytes.Write(buffer, 0, read);
            if (bytes.Length > MaxBytes)
                throw Refuse.TooLarge($"A request's body may have {MaxBytes} bytes.");
        }

        return Parse(bytes.ToArray());
    }

    public static RequestBody Parse(ReadOnlyMemory<byte> utf8)
    {
        if (utf8.Span.Trim(" \t\r\n"u8).IsEmpty)
            return new RequestBody(Nothing, "", []);
        try
        {
            using var document = JsonDocument.Parse(utf8, new JsonDocumentOptions { MaxDepth = 16 });
            if (!IsText(document.RootElement))
                throw Refuse.BadRequest("The body has a text that is no Unicode: a lone surrogate, or bytes that are no UTF-8.");
            return document.RootElement.ValueKind == JsonValueKind.Object
                ? new RequestBody(document.RootElement.Clone(), "", [])
                : throw Refuse.BadRequest("The body is not a JSON object.");
        }
        catch (JsonException e)
        {
            throw Refuse.BadRequest($"The body is not JSON (line {e.LineNumber + 1}, byte {e.BytePositionInLine + 1}).");
        }
    }

    /// <summary>Null when it is missing, null, or of another type (which is a fault).</summary>
    public string? Text(string name) => Member(name, "a string", v => v.ValueKind == JsonValueKind.String ? v.GetString() : null);

    /// <summary>As <see cref="Text"/>, and missing is a fault, too: then the answer is empty.</summary>
    public string NeedText(string name) => Text(name) is { Length: > 0 } text ? text : Missing(name);

    /// <summary>As <see cref="Text(string)"/>, and what its rule says against it is a fault, too.</summary>
    public string? Text(string name, Func<string, IEnumerable<string>> rule)
    {
        var text = Text(name);
        if (text is not null)
            Fault(rule(text));
        return text;
    }

    /// <summary>As <see cref="NeedText(string)"/>, and what its rule says against it is a fault, too.</summary>
    public string NeedText(string name, Func<string, IEnumerable<string>> rule)
    {
        var text = NeedText(name);
        if (text.Length > 0)
            Fault(rule(text));
        return text;
    }

    /// <summary>A number's digits count as text.</summary>
    public string? TextOrNumber(string name) => Member(name, "a string or a number", v => v.ValueKind switch
    {
        JsonValueKind.String => v.GetString(),
        JsonValueKind.Number => v.GetRawText(),
        _ => null,
    });

    public bool? Flag(string name) => Member(name, "true or false", v => v.ValueKind switch
    {
        JsonValueKind.True => true,
        JsonValueKind.False => (bool?)false,
        _ => null,
    });

    public int? Int(string name) =>
        Member(name, "a whole number", v => v.ValueKind == JsonValueKind.Number && v.TryGetInt32(out var number) ? number : (int?)null);

    /// <summary>An object inside; empty when it is missing.</summary>
    public RequestBody Part(string name)
    {
        var part = Member(name, "an object", v => v.ValueKind == JsonValueKind.Object ? v : (JsonElement?)null);
        return new RequestBody(part ?? Nothing, PathOf(name) + ".", faults);
    }

    /// <summary>An object's id or name: <c>{"app": "shop"}</c> or <c>{"app": {"id": "shop"}}</c>.</summary>
    public string? Reference(string name) => Member(name, "an id, a name, or an object with one of them", v => v.ValueKind switch
    {
        JsonValueKind.String => v.GetString(),
        JsonValueKind.Object => Reference(v),
        _ => null,
    });

    public string NeedReference(string name) => Reference(name) is { Length: > 0 } text ? text : Missing(name);

    /// <summary>True for <c>[]</c>, which is not the same as leaving the list out.</summary>
    public bool IsEmptyList(string name) => json.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Array && value.GetArrayLength() == 0;

    public bool Has(string name) => json.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null;

    /// <summary>Whether the member is there at all, be it null.</summary>
    public bool Mentions(string name) => json.TryGetProperty(name, out _);

    /// <summary>Names of all members.</summary>
    public IEnumerable<string> Names => json.EnumerateObject().Select(member => member.Name).Distinct(StringComparer.Ordinal);

    /// <summary>A list of objects; empty when it is missing.</summary>
    public IReadOnlyList<RequestBody> Items(string name) =>
        [.. Elements(name, JsonValueKind.Object, "objects").Select(item => new RequestBody(item.Value, $"{PathOf(name)}[{item.Place}].", faults))];

    /// <summary>A list of strings; empty when it is missing.</summary>
    public IReadOnlyList<string> Texts(string name) => [.. Elements(name, JsonValueKind.String, "strings").Select(item => item.Value.GetString()!)];

    /// <summary>All members; each must be a string, or null when <paramref name="nulls"/> says so.</summary>
    public Dictionary<string, string?> Map(bool nulls)
    {
        var map = new Dictionary<string, string?>(StringComparer.Ordinal);
        foreach (var member in json.EnumerateObject())
        {
            if (member.Value.ValueKind == JsonValueKind.String || (nulls && member.Value.ValueKind == JsonValueKind.Null))
                map[member.Name] = member.Value.GetString();
            else
                Fault(member.Name, nulls ? "a string or null" : "a string");
        }

        return map;
    }

    /// <summary>What was noted so far, a sentence each.</summary>
    public IReadOnlyList<string> Faults => faults;

    public void Fault(string sentence) => faults.Add(sentence);

    /// <summary>Notes what is wrong with one member, a sentence that begins with where it stands.</summary>
    public void FaultIn(string name, string says) => faults.Add($"{PathOf(name)} {says}");

    public void Fault(IEnumerable<string> sentences) => faults.AddRange(sentences);

    /// <summary>Refuses what was noted so far; call it when all members were read.</summary>
    public void RefuseFaults()
    {
        if (faults.Count > 0)
            throw Refuse.Invalid(faults);
    }

    /// <summary>The parser takes any bytes between quotes and fails only when somebody reads them: too late, and with an exception of its own.</summary>
    private static bool IsText(JsonElement root)
    {
        try
        {
            ReadTexts(root);
            return true;
        }
        catch (InvalidOperationException)
        {
            return false;
        }
    }

    private static void ReadTexts(JsonElement value)
    {
        if (value.ValueKind == JsonValueKind.String)
            _ = value.GetString();
        else if (value.ValueKind == JsonValueKind.Array)
        {
            foreach (var item in value.EnumerateArray())
                ReadTexts(item);
        }
        else if (value.ValueKind == JsonValueKind.Object)
        {
            foreach (var member in value.EnumerateObject())
            {
                _ = member.Name;
                ReadTexts(member.Value);
            }
        }
    }

    private static string? Reference(JsonElement v)
    {
        foreach (var name in new[] { "id", "name" })
        {
            if (v.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String)
                return value.GetString();
        }

        return null;
    }

    private T? Member<T>(string name, string type, Func<JsonElement, T?> read)
    {
        if (!Has(name))
            return default;
        var value = read(json.GetProperty(name));
        if (value is null)
            Fault(name, type);
        return value;
    }

    /// <summary>Those of the right kind, each with its place in the list as it was sent.</summary>
    private List<(JsonElement Value, int Place)> Elements(string name, JsonValueKind kind, string kinds)
    {
        var list = Member(name, "a list", v => v.ValueKind == JsonValueKind.Array ? v : (JsonElement?)null);
        var elements = list?.EnumerateArray().Select((value, place) => (Value: value, Place: place)).ToList() ?? [];
        if (elements.RemoveAll(e => e.Value.ValueKind != kind) > 0)
            faults.Add($"{PathOf(name)} must be a list of {kinds}.");
        return elements;
    }

    private string Missing(string name)
    {
        if (!Has(name) || json.GetProperty(name).ValueKind == JsonValueKind.String)
            faults.Add($"{PathOf(name)} is missing.");
        return "";
    }

    private void Fault(string name, string type) => FaultIn(name, $"must be {type}.");

    private string PathOf(string name) => path + (name.Length <= 60 ? name : name[..57] + "...");
}
