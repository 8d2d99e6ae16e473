using System.Collections.Immutable;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Sluice.Runtime;
using Sluice.Storage;

namespace Sluice.Apps;

/// <summary>
/// Rules for config vars, and their sealed form in <c>apps.config</c> (the vars as they were last set; each release has a snapshot of its own).
/// </summary>
public static partial class ConfigVars
{
    /// <summary>All names and values of one app together, in bytes of UTF-8; what Heroku allows, and what fits in a process's environment.</summary>
    public const int MaxBytes = 64 * 1024;

    public static byte[] Seal(Vault vault, AppId app, IReadOnlyDictionary<string, string> vars) =>
        vault.Seal(Purpose(app), JsonSerializer.SerializeToUtf8Bytes(vars));

    public static ImmutableSortedDictionary<string, string> Open(Vault vault, AppId app, byte[] stored) =>
        JsonSerializer.Deserialize<Dictionary<string, string>>(vault.Open(Purpose(app), stored))!.ToImmutableSortedDictionary(StringComparer.Ordinal);

    /// <summary>The vars after a change; a null value removes.</summary>
    public static ImmutableSortedDictionary<string, string> Apply(
        this ImmutableSortedDictionary<string, string> vars, IReadOnlyDictionary<string, string?> change)
    {
        foreach (var (name, value) in change)
            vars = value is null ? vars.Remove(name) : vars.SetItem(name, value);
        return vars;
    }

    /// <summary>What is wrong with a change, a sentence each; none when it is good. Values are never repeated.</summary>
    public static IEnumerable<string> Faults(IReadOnlyDictionary<string, string?> change)
    {
        foreach (var (name, value) in change)
        {
            if (!Name().IsMatch(name))
                yield return $"{Shorten(name)} is no name for a config var: it starts with a letter or underscore and has only letters, digits and underscores.";
            if (value?.Contains('\0') == true)
                yield return $"The value of {Shorten(name)} contains a NUL character, which no environment can hold.";
            if (name == HealthCheck.Variable && value is { Length: > 0 } && HealthCheck.Fault(name, value) is { } fault)
                yield return fault;
        }
    }

    /// <summary>Whether all vars together are small enough.</summary>
    public static IEnumerable<string> SizeFaults(IReadOnlyDictionary<string, string> vars)
    {
        var bytes = vars.Sum(v => Encoding.UTF8.GetByteCount(v.Key) + Encoding.UTF8.GetByteCount(v.Value));
        if (bytes > MaxBytes)
            yield return $"Config vars may have {MaxBytes} bytes together; these would have {bytes}.";
    }

    internal static string Purpose(AppId app) => $"apps.config {app}";

    private static string Shorten(string name) => name.Length <= 60 ? name : name[..57] + "...";

    [GeneratedRegex(@"\A[A-Za-z_][A-Za-z0-9_]{0,127}\z")]
    private static partial Regex Name();
}
