using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Sluice;

/// <summary>An id with a type of its own, so that an app's id cannot be passed where a release's is wanted. Always a UUID (version 7: sortable by age).</summary>
public interface IId
{
    Guid Value { get; }
}

[JsonConverter(typeof(IdJson<AccountId>))]
public readonly record struct AccountId(Guid Value) : IId { public static AccountId New() => new(Guid.CreateVersion7()); public override string ToString() => Value.ToString(); }

[JsonConverter(typeof(IdJson<AppId>))]
public readonly record struct AppId(Guid Value) : IId { public static AppId New() => new(Guid.CreateVersion7()); public override string ToString() => Value.ToString(); }

[JsonConverter(typeof(IdJson<BuildId>))]
public readonly record struct BuildId(Guid Value) : IId { public static BuildId New() => new(Guid.CreateVersion7()); public override string ToString() => Value.ToString(); }

[JsonConverter(typeof(IdJson<SlugId>))]
public readonly record struct SlugId(Guid Value) : IId { public static SlugId New() => new(Guid.CreateVersion7()); public override string ToString() => Value.ToString(); }

[JsonConverter(typeof(IdJson<ReleaseId>))]
public readonly record struct ReleaseId(Guid Value) : IId { public static ReleaseId New() => new(Guid.CreateVersion7()); public override string ToString() => Value.ToString(); }

[JsonConverter(typeof(IdJson<DynoId>))]
public readonly record struct DynoId(Guid Value) : IId { public static DynoId New() => new(Guid.CreateVersion7()); public override string ToString() => Value.ToString(); }

[JsonConverter(typeof(IdJson<PipelineId>))]
public readonly record struct PipelineId(Guid Value) : IId { public static PipelineId New() => new(Guid.CreateVersion7()); public override string ToString() => Value.ToString(); }

[JsonConverter(typeof(IdJson<CouplingId>))]
public readonly record struct CouplingId(Guid Value) : IId { public static CouplingId New() => new(Guid.CreateVersion7()); public override string ToString() => Value.ToString(); }

[JsonConverter(typeof(IdJson<PromotionId>))]
public readonly record struct PromotionId(Guid Value) : IId { public static PromotionId New() => new(Guid.CreateVersion7()); public override string ToString() => Value.ToString(); }

/// <summary>Of releases that are decided together. A promotion of all or nothing gives its own.</summary>
[JsonConverter(typeof(IdJson<ReleaseGroupId>))]
public readonly record struct ReleaseGroupId(Guid Value) : IId { public static ReleaseGroupId New() => new(Guid.CreateVersion7()); public override string ToString() => Value.ToString(); }

/// <summary>
/// What a slug is: the SHA-256 of its canonical manifest, 64 lower-case hex digits. Two slugs with one digest hold the same files.
/// Shown to people as its first seven digits; on the wire as <c>SHA256:…</c>.
/// </summary>
[JsonConverter(typeof(SlugDigestJson))]
public readonly record struct SlugDigest
{
    private SlugDigest(string hex) => Hex = hex;

    public string Hex { get; }

    public string Short => Hex[..7];

    public static SlugDigest Of(ReadOnlySpan<byte> manifest) => new(Convert.ToHexStringLower(SHA256.HashData(manifest)));

    public static SlugDigest Parse(string hex) =>
        TryParse(hex, out var digest) ? digest : throw new FormatException("A slug digest is 64 lower-case hex digits.");

    public static bool TryParse(string? hex, out SlugDigest digest)
    {
        var good = hex is { Length: 64 } && hex.All(c => c is (>= '0' and <= '9') or (>= 'a' and <= 'f'));
        digest = good ? new SlugDigest(hex!) : default;
        return good;
    }

    public override string ToString() => Hex;
}

internal sealed class IdJson<T> : JsonConverter<T>
    where T : struct, IId
{
    public override T Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        (T)Activator.CreateInstance(typeof(T), reader.GetGuid())!;

    public override void Write(Utf8JsonWriter writer, T value, JsonSerializerOptions options) => writer.WriteStringValue(value.Value);
}

internal sealed class SlugDigestJson : JsonConverter<SlugDigest>
{
    public override SlugDigest Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        SlugDigest.Parse(reader.GetString() ?? "");

    public override void Write(Utf8JsonWriter writer, SlugDigest value, JsonSerializerOptions options) => writer.WriteStringValue(value.Hex);
}
