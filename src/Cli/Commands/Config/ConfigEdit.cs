using System.CommandLine;
using System.Diagnostics;
using System.Text.RegularExpressions;

namespace Sluice.Cli.Commands.Config;

internal sealed partial class ConfigEdit : AppCommand
{
    public static readonly About Is = new("config:edit", "Edit all config vars, or one, in your editor; saving makes a release", "sluice config:edit -a shop", () => new ConfigEdit())
    {
        More = "Opens $VISUAL, else $EDITOR, else vi, on lines of KEY=value; with a name, on that var's value alone. A line that is taken away removes its var.\n"
            + "What cannot be set is told and changes nothing; your text is kept then.",
    };

    private readonly Argument<string?> name = Flags.Optional("NAME", "one config var, whose value is edited alone and may have several lines");

    public ConfigEdit() : base(Is) => Arguments.Add(name);

    public override async Task<ExitCode> RunAsync(Run run, CancellationToken ct)
    {
        var (app, only) = (await AppAsync(run, ct), run.Value(name));
        var before = await ConfigVars.ReadAsync(run, app, ct);
        var multiline = only is null ? before.Where(v => v.Value.AsSpan().ContainsAny("\r\n")).Select(v => v.Key).Order(StringComparer.Ordinal).ToArray() : [];
        if (multiline.Length > 0)
        {
            run.Terminal.Note($"Left out, since their values have several lines: {string.Join(", ", multiline)}. Edit one by its name: sluice config:edit {multiline[0]} -a {app}");
        }

        var text = only is not null
            ? before.GetValueOrDefault(only, "")
            : string.Concat(before.Where(v => !multiline.Contains(v.Key)).OrderBy(v => v.Key, StringComparer.Ordinal).Select(v => $"{v.Key}={v.Value}\n"));
        var file = Write(text, only is null ? "config-" : $"config-{only}-");
        try
        {
            await OpenAsync(run, file, ct);
            var edited = await File.ReadAllTextAsync(file, ct);
            var after = only is not null ? new Dictionary<string, string?>(StringComparer.Ordinal) { [only] = edited.TrimEnd('\r', '\n') } : Parse(edited);
            await SaveAsync(run, app, before, after, only is null ? [.. before.Keys.Except(multiline)] : [], ct);
        }
        catch (Exception broken) when (broken is not OperationCanceledException)
        {
            run.Terminal.Note($"Your text is kept in {file}; it may hold secrets.");
            throw;
        }

        File.Delete(file);
        return ExitCode.Ok;
    }

    /// <exception cref="StopException">With every line that is wrong.</exception>
    private static Dictionary<string, string?> Parse(string text)
    {
        var (vars, faults) = (new Dictionary<string, string?>(StringComparer.Ordinal), new List<string>());
        foreach (var (index, line) in text.Split('\n').Select(l => l.TrimEnd('\r')).Index())
        {
            if (line.Trim().Length == 0)
            {
                continue;
            }

            // Of a wrong line its number alone is told: it may be half a secret.
            if (Line().Match(line) is not { Success: true } match)
            {
                faults.Add($"Line {index + 1} is no KEY=value: a name has letters, digits and underscores, and does not begin with a digit.");
            }
            else if (!vars.TryAdd(match.Groups["name"].Value, match.Groups["value"].Value))
            {
                faults.Add($"Line {index + 1} sets {match.Groups["name"].Value} a second time.");
            }
        }

        return faults.Count == 0 ? vars : throw StopException.Refused(string.Join("\n", faults) + "\nNothing was changed.");
    }

    private static async Task SaveAsync(
        Run run, string app, IReadOnlyDictionary<string, string> before, Dictionary<string, string?> after, string[] removable, CancellationToken ct)
    {
        var changes = after.Where(v => before.GetValueOrDefault(v.Key) != v.Value).ToDictionary(v => v.Key, v => v.Value, StringComparer.Ordinal);
        foreach (var gone in removable.Where(key => !after.ContainsKey(key)))
        {
            changes[gone] = null;
        }

        if (changes.Count == 0)
        {
            run.Terminal.Note($"No changes to the config vars of {app}.");
            return;
        }

        await ConfigVars.ChangeAsync(run, app, "Setting", changes, ct);
    }

    private static async Task OpenAsync(Run run, string file, CancellationToken ct)
    {
        var editor = run.Surroundings.Variable("VISUAL") ?? run.Surroundings.Variable("EDITOR") ?? "vi";
        // As git does it: the variable may hold flags, too.
        using var process = new Process { StartInfo = new("sh", ["-c", editor + " \"$1\"", "sh", file]) { UseShellExecute = false } };
        process.Start();
        await process.WaitForExitAsync(ct);
        if (process.ExitCode != 0)
        {
            throw StopException.Failed($"The editor ({editor}) ended with {process.ExitCode}. Nothing was changed.");
        }
    }

    private static string Write(string text, string prefix)
    {
        var file = Path.Combine(Path.GetTempPath(), prefix + Path.GetRandomFileName() + ".env");
        using var stream = new FileStream(file, new FileStreamOptions
        {
            Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
        });
        stream.Write(System.Text.Encoding.UTF8.GetBytes(text));
        return file;
    }

    [GeneratedRegex(@"^\s*(?<name>[A-Za-z_][A-Za-z0-9_]*)=(?<value>.*)$", RegexOptions.Singleline | RegexOptions.ExplicitCapture)]
    private static partial Regex Line();
}
