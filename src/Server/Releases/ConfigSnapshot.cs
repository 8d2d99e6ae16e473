using System.Collections.Immutable;
using System.Text.Json;
using Sluice.Storage;

namespace Sluice.Releases;

/// <summary>
/// The config vars of one version as they lie in <c>releases.config</c>: a JSON object, sealed for that app and that version, so that a value
/// copied into another row does not open there. Never changed once written.
/// </summary>
internal static class ConfigSnapshot
{
    public static byte[] Seal(Vault vault, AppId app, int version, ImmutableSortedDictionary<string, string> vars) =>
        vault.Seal(Purpose(app, version), JsonSerializer.SerializeToUtf8Bytes(vars));

    public static ImmutableSortedDictionary<string, string> Open(Vault vault, AppId app, int version, byte[] stored) =>
        JsonSerializer.Deserialize<Dictionary<string, string>>(vault.Open(Purpose(app, version), stored))!.ToImmutableSortedDictionary(StringComparer.Ordinal);

    internal static string Purpose(AppId app, int version) => $"releases.config {app} v{version}";
}
