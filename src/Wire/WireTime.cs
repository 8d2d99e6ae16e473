using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Sluice.Wire;

/// <summary>Times as Heroku writes them: UTC, whole seconds, <c>2012-01-01T12:00:00Z</c>. Any ISO 8601 time is read.</summary>
public sealed class WireTime : JsonConverter<DateTimeOffset>
{
    public override DateTimeOffset Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => reader.GetDateTimeOffset();

    public override void Write(Utf8JsonWriter writer, DateTimeOffset value, JsonSerializerOptions options) =>
        writer.WriteStringValue(value.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture));
}
