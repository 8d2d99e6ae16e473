using System.Collections.Immutable;
using System.Text;
using System.Text.RegularExpressions;

namespace Sluice.Builds;

/// <summary>
/// Process type → command, from a Procfile and from what a buildpack's bin/release printed. Both are a tenant's words: size, number, names and
/// commands are checked, and a fault is a sentence for the developer.
/// </summary>
internal static partial class ProcessTypes
{
    public const int MaxBytes = 64 * 1024;
    public const int MaxTypes = 50;

    /// <summary>The Procfile's types, and the buildpack's defaults for those that it does not name.</summary>
    /// <exception cref="RefusedException">Either is no good; every fault is named.</exception>
    public static ImmutableSortedDictionary<string, string> Of(byte[]? procfile, byte[]? release)
    {
        var faults = new List<string>();
        var defaults = release is null ? [] : Read("The buildpack's release step", release, faults, Defaults);
        var own = procfile is null ? [] : Read("The Procfile", procfile, faults, text => Lines(text));
        if (faults.Count > 0)
            throw Refuse.Invalid(faults);
        var types = ImmutableSortedDictionary.CreateBuilder<string, string>(StringComparer.Ordinal);
        foreach (var (type, command) in defaults.Concat(own))
            types[type] = command;
        return types.Count <= MaxTypes ? types.ToImmutable() : throw Refuse.Invalid($"An app may have {MaxTypes} process types; this one has {types.Count}.");
    }

    /// <summary>What is wrong with types that come ready made, with an uploaded slug; the same rules.</summary>
    public static IEnumerable<string> Faults(string where, IReadOnlyDictionary<string, string?> types) => types.Count > MaxTypes
        ? [$"{where} names more than {MaxTypes} process types."]
        : types.SelectMany(type => Faults(where, type.Key, type.Value?.Trim() ?? ""));

    private static List<(string Type, string Command)> Read(string where, byte[] bytes, List<string> faults, Func<string, IEnumerable<(string, string)>> read)
    {
        if (bytes.Length > MaxBytes)
        {
            faults.Add($"{where} has more than {MaxBytes / 1024} KiB.");
            return [];
        }
        if (bytes.AsSpan().Contains((byte)0))
        {
            faults.Add($"{where} contains a NUL byte.");
            return [];
        }
        var types = new List<(string Type, string Command)>();
        foreach (var (type, command) in read(Encoding.UTF8.GetString(bytes).TrimStart('\uFEFF')))
        {
            if (types.Count > MaxTypes)
            {
                faults.Add($"{where} names more than {MaxTypes} process types.");
                break;
            }
            if (Faults(where, type, command).FirstOrDefault() is { } fault)
                faults.Add(fault);
            types.Add((type, command));
        }
        return types;
    }

    private static IEnumerable<string> Faults(string where, string type, string command)
    {
        if (!Type().IsMatch(type))
            yield return $"{where} has a process type {Shown(type)}: a type has 1 to 32 letters, digits, _ and -.";
        else if (command.Length == 0)
            yield return $"{where} has no command for {type}.";
        else if (command.Any(char.IsControl))
            yield return $"{where} has a control character in the command for {type}.";
    }

    /// <summary>Heroku's rule: a line is a type if it looks like one; comments and blank lines are passed over; anything else with a colon is a fault.</summary>
    private static IEnumerable<(string Type, string Command)> Lines(string text)
    {
        foreach (var line in text.Split('\n').Select(l => l.Trim()).Where(l => l.Length > 0 && l[0] != '#'))
        {
            var colon = line.IndexOf(':');
            yield return colon < 0 ? (line, "") : (line[..colon].TrimEnd(), line[(colon + 1)..].Trim().Replace('\t', ' '));
        }
    }

    /// <summary>The <c>default_process_types</c> of a bin/release: a flat block of YAML, which is all that buildpacks print there. No aliases, no nesting.</summary>
    private static IEnumerable<(string Type, string Command)> Defaults(string text)
    {
        var inside = false;
        foreach (var line in text.Split('\n').Select(l => l.TrimEnd()))
        {
            if (line.Length == 0 || line.TrimStart() is ['#', ..] or "---" or "")
                continue;
            if (!char.IsWhiteSpace(line[0]))
            {
                inside = line.StartsWith("default_process_types:", StringComparison.Ordinal) || line.StartsWith(":default_process_types:", StringComparison.Ordinal);
                continue;
            }
            var colon = line.IndexOf(':');
            if (inside && colon > 0)
                yield return (Unquoted(line[..colon].Trim()), Unquoted(line[(colon + 1)..].Trim()));
        }
    }

    private static string Unquoted(string value) => value switch
    {
        ['"', .. var inner, '"'] => inner.Replace("\\\"", "\"", StringComparison.Ordinal).Replace("\\\\", "\\", StringComparison.Ordinal),
        ['\'', .. var inner, '\''] => inner.Replace("''", "'", StringComparison.Ordinal),
        _ => value,
    };

    private static string Shown(string text) => $"\"{new string([.. text.Where(c => !char.IsControl(c)).Take(40)])}\"";

    [GeneratedRegex(@"\A[A-Za-z0-9_-]{1,32}\z")]
    private static partial Regex Type();
}
