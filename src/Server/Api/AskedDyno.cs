using System.Collections.Immutable;
using Sluice.Apps;
using Sluice.Dynos;
using Sluice.Runtime;
using Sluice.Wire;

namespace Sluice.Api;

/// <summary>Body of <c>POST /apps/:app/dynos</c>: the dyno that somebody wants to run by hand.</summary>
internal sealed record AskedDyno(
    string Command, bool TellsExit, bool IsAttached, string Type, string? Size, TimeSpan Limit, ImmutableDictionary<string, string> Env, TerminalSize? Terminal)
{
    private const int MaxCommand = 32 * 1024;
    private const int MaxType = 63;

    /// <summary>Faults are noted in the body.</summary>
    public static AskedDyno Read(RequestBody body)
    {
        var (asked, type, size) = (body.NeedText("command"), body.Text("type") ?? "run", body.Text("size"));
        // A command that ends its shell would never come to what is behind it: we tell the status ourselves.
        var isWanted = asked.EndsWith(ExitStatusLine.Wanted, StringComparison.Ordinal);
        var command = isWanted ? asked[..^ExitStatusLine.Wanted.Length] : asked;
        // It is shown to others, in ps and in the log: nothing in it moves the cursor of their terminals.
        if (command.Length > MaxCommand || command.Any(c => char.IsControl(c) && c is not ('\n' or '\t')))
            body.Fault($"command may have {MaxCommand} characters, and no control characters but line breaks and tabs.");
        if (type.Length is 0 or > MaxType || !type.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_'))
            body.Fault($"type is a process type: at most {MaxType} letters, digits, dashes and underscores.");
        if (size is not null && DynoSize.Find(size) is null)
            body.Fault($"There is no dyno size {(size.Length <= 60 ? size : size[..57] + "...")}; there is {string.Join(", ", DynoSize.All.Select(s => s.Name))}.");
        var seconds = body.Int("time_to_live") ?? (int)OneOffs.Longest.TotalSeconds;
        if (seconds < 1 || seconds > OneOffs.Longest.TotalSeconds)
            body.Fault($"time_to_live is a number of seconds from 1 to {OneOffs.Longest.TotalSeconds:0}.");
        var env = EnvOf(body);
        var terminal = body.Flag("force_no_tty") == true ? null : TerminalOf(env);
        return new AskedDyno(command, isWanted, body.Flag("attach") ?? false, type, size, TimeSpan.FromSeconds(seconds), env, terminal);
    }

    /// <summary>A command that is a process type's name, alone or before arguments, stands for that type's command.</summary>
    public OneOffPlan Plan(DynoPlan plan, ImmutableSortedDictionary<string, string> types, string by)
    {
        var words = Command.Split(' ', 2);
        var command = types.TryGetValue(words[0], out var typed) ? string.Join(' ', [typed, .. words[1..]]) : Command;
        return new OneOffPlan
        {
            App = plan.App, Generation = plan.Generation, Slug = plan.Slug!.Value, Env = plan.Env.SetItems(Env), Type = Type, Command = command,
            Size = DynoSize.Find(Size ?? "")?.Name ?? DynoSize.Default.Name, Limit = Limit, By = by, Terminal = IsAttached ? Terminal : null, TellsExit = TellsExit,
        };
    }

    /// <summary>Clients send the terminal's size as numbers.</summary>
    private static ImmutableDictionary<string, string> EnvOf(RequestBody body)
    {
        var part = body.Part("env");
        var env = part.Names.Where(part.Has).ToImmutableDictionary(name => name, name => part.TextOrNumber(name) ?? "", StringComparer.Ordinal);
        foreach (var fault in ConfigVars.Faults(env.ToDictionary(v => v.Key, v => (string?)v.Value)).Concat(ConfigVars.SizeFaults(env)))
            body.Fault(fault);
        return env;
    }

    /// <summary>Clients whose output is a terminal say how large it is.</summary>
    private static TerminalSize? TerminalOf(ImmutableDictionary<string, string> env) =>
        int.TryParse(env.GetValueOrDefault("COLUMNS"), out var columns) && int.TryParse(env.GetValueOrDefault("LINES"), out var lines) ? TerminalSize.Of(columns, lines) : null;
}
