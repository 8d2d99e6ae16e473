using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Sluice.Apps;
using Sluice.Slugs;

namespace Sluice.AppSetups;

/// <summary>
/// What an app says of itself in <c>app.json</c> (https://devcenter.heroku.com/articles/app-json-schema), as far as an app here can have it. What it cannot have is
/// a fault, since an app that lacks what it asks for would only seem to be set up.
/// </summary>
public sealed record AppManifest
{
    public const string FileName = "app.json";
    private const int MaxBytes = 256 * 1024;

    /// <summary>Name → what it is; null for one that somebody must give a value.</summary>
    public ImmutableSortedDictionary<string, string?> Env { get; init; } = ImmutableSortedDictionary<string, string?>.Empty;
    public ImmutableArray<string> Buildpacks { get; init; } = [];
    public ImmutableArray<Scale> Formation { get; init; } = [];
    public string? Stack { get; init; }
    public string? SuccessUrl { get; init; }

    /// <summary>Text of the manifest in a tar, plain or gzip: at its top, or in the one folder there. Null without one.</summary>
    /// <exception cref="RefusedException">It is no such archive.</exception>
    public static byte[]? In(Stream archive)
    {
        using var tar = new TarReading(archive, SlugLimits.Default);
        while (tar.Next() is { } member)
        {
            var path = Encoding.UTF8.GetString(member.Path).Split('/', StringSplitOptions.RemoveEmptyEntries).Where(p => p != ".").ToArray();
            if (member.Type != TarMember.File || path.Length is 0 or > 2 || path[^1] != FileName)
                continue;
            if (member.Size > MaxBytes)
                throw Refuse.Invalid($"{FileName} has more than {MaxBytes / 1024} KB.");
            var text = new byte[member.Size];
            for (var read = 0; read < text.Length;)
                read += tar.Read(text.AsSpan(read));
            return text;
        }
        return null;
    }

    /// <summary>Each fault of it goes to <paramref name="fault"/> as a sentence; the rest is read all the same.</summary>
    public static AppManifest Parse(ReadOnlyMemory<byte> text, Action<string> fault)
    {
        try
        {
            using var json = JsonDocument.Parse(text, new JsonDocumentOptions { MaxDepth = 16 });
            if (json.RootElement.ValueKind == JsonValueKind.Object)
                return Read(json.RootElement, fault);
            fault($"{FileName} is not a JSON object.");
        }
        catch (JsonException e)
        {
            fault($"{FileName} is not JSON (line {e.LineNumber + 1}).");
        }
        catch (InvalidOperationException)
        {
            fault($"{FileName} has a text that is no Unicode.");
        }
        return new AppManifest();
    }

    private static AppManifest Read(JsonElement json, Action<string> fault)
    {
        if (Part(json, "scripts", JsonValueKind.Object, fault) is { } scripts && scripts.TryGetProperty("postdeploy", out _))
            fault($"{FileName} has a postdeploy script, which this server does not run: do that work in a release process of the Procfile.");
        if (Part(json, "addons", JsonValueKind.Array, fault) is { } addons && addons.GetArrayLength() > 0)
            fault($"{FileName} asks for add-ons, which this server does not have: give the app what it needs as config vars.");
        return new AppManifest
        {
            Env = Vars(json, fault),
            Buildpacks = [.. Items(json, "buildpacks", fault).Select(b => Text(b, "url")).OfType<string>()],
            Formation = [.. Members(json, "formation", fault).Select(m => new Scale(m.Name, Number(m.Value, "quantity"), Text(m.Value, "size")))],
            Stack = Text(json, "stack"),
            SuccessUrl = Text(json, "success_url"),
        };
    }

    /// <summary>A value is text, or an object: its <c>value</c>, or a secret made for it, or, unless it need not be there, one that somebody must give.</summary>
    private static ImmutableSortedDictionary<string, string?> Vars(JsonElement json, Action<string> fault)
    {
        var vars = ImmutableSortedDictionary.CreateBuilder<string, string?>(StringComparer.Ordinal);
        foreach (var (name, value) in Members(json, "env", fault))
        {
            if (value.ValueKind == JsonValueKind.String)
                vars[name] = value.GetString();
            else if (value.ValueKind != JsonValueKind.Object)
                fault($"env.{name} in {FileName} must be a string or an object.");
            else if (Text(value, "value") is { } given)
                vars[name] = given;
            else if (Text(value, "generator") is { } generator)
            {
                if (generator != "secret")
                    fault($"env.{name} in {FileName} has the generator {generator}; there is only secret.");
                vars[name] = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(32));
            }
            else if (!value.TryGetProperty("required", out var required) || required.ValueKind != JsonValueKind.False)
                vars[name] = null;
        }
        return vars.ToImmutable();
    }

    private static JsonElement? Part(JsonElement json, string name, JsonValueKind kind, Action<string> fault)
    {
        if (!json.TryGetProperty(name, out var part) || part.ValueKind == JsonValueKind.Null)
            return null;
        if (part.ValueKind == kind)
            return part;
        fault($"{name} in {FileName} must be {(kind == JsonValueKind.Array ? "a list" : "an object")}.");
        return null;
    }

    private static IEnumerable<(string Name, JsonElement Value)> Members(JsonElement json, string name, Action<string> fault) =>
        Part(json, name, JsonValueKind.Object, fault) is { } part ? part.EnumerateObject().Select(m => (m.Name, m.Value)) : [];

    private static IEnumerable<JsonElement> Items(JsonElement json, string name, Action<string> fault) =>
        Part(json, name, JsonValueKind.Array, fault) is { } part ? part.EnumerateArray() : [];

    private static string? Text(JsonElement json, string name) =>
        json.ValueKind == JsonValueKind.Object && json.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private static string? Number(JsonElement json, string name) =>
        json.ValueKind == JsonValueKind.Object && json.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Number ? value.GetRawText() : null;
}
