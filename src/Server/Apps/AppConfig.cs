using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text.Json;
using Sluice.Storage;

namespace Sluice.Apps;

/// <summary>
/// How config vars lie in the database: a JSON object, sealed. The purpose names the app (and, for a snapshot, the version), so that a value copied
/// into another row does not open there.
/// </summary>
public static class AppConfig
{
    public static readonly ImmutableSortedDictionary<string, string> Empty = ImmutableSortedDictionary.Create<string, string>(StringComparer.Ordinal);

    /// <summary>For <c>apps.config</c>: the vars as they were last set.</summary>
    public static byte[] Seal(Vault vault, AppId app, ImmutableSortedDictionary<string, string> vars) => Seal(vault, Current(app), vars);

    /// <exception cref="CryptographicException">Another key, or another app's config.</exception>
    public static ImmutableSortedDictionary<string, string> Open(Vault vault, AppId app, byte[] sealedVars) => Open(vault, Current(app), sealedVars);

    /// <summary>For <c>releases.config</c>: the vars of one version, for ever.</summary>
    public static byte[] SealSnapshot(Vault vault, AppId app, int version, ImmutableSortedDictionary<string, string> vars) =>
        Seal(vault, Snapshot(app, version), vars);

    /// <exception cref="CryptographicException">Another key, or another release's config.</exception>
    public static ImmutableSortedDictionary<string, string> OpenSnapshot(Vault vault, AppId app, int version, byte[] sealedVars) =>
        Open(vault, Snapshot(app, version), sealedVars);

    private static string Current(AppId app) => $"app-config/{app}";

    private static string Snapshot(AppId app, int version) => $"release-config/{app}/v{version}";

    private static byte[] Seal(Vault vault, string purpose, ImmutableSortedDictionary<string, string> vars)
    {
        var plain = JsonSerializer.SerializeToUtf8Bytes(vars);
        try
        {
            return vault.Seal(purpose, plain);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(plain);
        }
    }

    private static ImmutableSortedDictionary<string, string> Open(Vault vault, string purpose, byte[] sealedVars)
    {
        var plain = vault.Open(purpose, sealedVars);
        try
        {
            return JsonSerializer.Deserialize<ImmutableSortedDictionary<string, string>>(plain)!.WithComparers(StringComparer.Ordinal);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(plain);
        }
    }
}
