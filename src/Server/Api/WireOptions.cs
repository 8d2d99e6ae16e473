using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Sluice.Wire;

namespace Sluice.Api;

/// <summary>How answers are written: as <see cref="WireJson"/> says, with letters beyond ASCII as they are.</summary>
internal static class WireOptions
{
    public static readonly JsonSerializerOptions Options = Make(new JsonSerializerOptions());

    /// <summary>Sets options that someone else owns; a source-generated context's own policies are not taken over with it.</summary>
    public static JsonSerializerOptions Make(JsonSerializerOptions options)
    {
        options.PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower;
        options.DictionaryKeyPolicy = null;   // config vars keep their names
        options.Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping;
        options.Converters.Insert(0, new WireTime());
        options.TypeInfoResolverChain.Insert(0, WireJson.Default);
        return options;
    }

    public static JsonTypeInfo<T> TypeOf<T>() => (JsonTypeInfo<T>)Options.GetTypeInfo(typeof(T));
}
