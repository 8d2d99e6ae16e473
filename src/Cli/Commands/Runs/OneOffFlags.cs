using System.CommandLine;
using System.Text.RegularExpressions;
using Sluice.Wire;

namespace Sluice.Cli.Commands.Runs;

/// <summary>What <c>run</c> and <c>run:detached</c> share: the command, and what it runs with.</summary>
internal sealed partial class OneOffFlags
{
    private readonly Argument<string[]> command = new("COMMAND") { Description = "what to run, or a process type; its own flags go after --", Arity = ArgumentArity.OneOrMore };
    private readonly Option<string?> env = new("--env", "-e") { Description = "variables beside the config vars, with ; between", HelpName = "NAME=VALUE" };
    private readonly Option<string?> size = new("--size", "-s") { Description = "dyno size: Basic, Standard-2X", HelpName = "SIZE" };
    private readonly Option<string?> type = new("--type") { Description = "first part of the dyno's name, instead of run", HelpName = "TYPE" };

    public void AddTo(Command to)
    {
        to.Arguments.Add(command);
        to.Options.Add(env);
        to.Options.Add(size);
        to.Options.Add(type);
    }

    /// <summary>As typed: one word is a whole line, several are put together again.</summary>
    public string CommandOf(Run run)
    {
        var words = run.Value(command)!;
        return words.Length == 1 ? words[0] : string.Join(' ', words.Select(word => word.AsSpan().ContainsAny(" \"") ? $"\"{word.Replace("\"", "\\\"", StringComparison.Ordinal)}\"" : word));
    }

    /// <exception cref="StopException">--env is not NAME=VALUE.</exception>
    public StartDynoWire Ask(Run run, string line, bool attach, IReadOnlyDictionary<string, string> also, bool noTerminal)
    {
        var variables = new Dictionary<string, string>(also, StringComparer.Ordinal);
        foreach (var pair in (run.Value(env) ?? "").Split(';', StringSplitOptions.RemoveEmptyEntries))
        {
            var match = Pair().Match(pair);
            variables[match.Success ? match.Groups["name"].Value : throw StopException.Usage($"--env has \"{pair}\", which is no NAME=VALUE. A value with ; in it must be a config var.")] = match.Groups["value"].Value;
        }

        return new StartDynoWire(line, attach, variables, run.Value(size), run.Value(type), noTerminal);
    }

    [GeneratedRegex(@"^\s*(?<name>\w+)=(?<value>.*)$", RegexOptions.Singleline | RegexOptions.ExplicitCapture)]
    private static partial Regex Pair();
}
