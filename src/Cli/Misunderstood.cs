using System.CommandLine;
using System.CommandLine.Parsing;

namespace Sluice.Cli;

/// <summary>Says what was wrong with the words of a command: the parser finds the faults, the sentences for people are these.</summary>
internal static class Misunderstood
{
    /// <summary>One sentence for each fault; empty when all was understood. A flag that the parser took for a value is a fault, too:
    /// what begins with a dash is a flag until <c>--</c> stands before it.</summary>
    public static string[] In(ParseResult parsed)
    {
        string[] flags = [.. parsed.UnmatchedTokens.Where(t => t.StartsWith('-')), .. TakenForValues(parsed)];
        // What follows an unknown flag is most likely its value, so it is not complained of on its own.
        var words = flags.Length == 0 ? parsed.UnmatchedTokens : [];
        return
        [
            .. flags.Select(f => $"{f} is no flag of this command."),
            .. words.Count == 0 ? [] : new[] { $"Not understood: {string.Join(' ', words)}" },
            .. Empty(parsed),
            .. parsed.Errors.Where(e => !parsed.UnmatchedTokens.Any(t => e.Message.Contains($"'{t}'", StringComparison.Ordinal))).Select(Sentence),
        ];
    }

    private static IEnumerable<string> TakenForValues(ParseResult parsed) => parsed.Tokens.Any(t => t.Type is TokenType.DoubleDash) ? []
        : parsed.CommandResult.Children.OfType<ArgumentResult>().SelectMany(a => a.Tokens).Select(t => t.Value).Where(v => v is ['-', not (>= '0' and <= '9'), ..]);

    /// <summary>A value that is empty is most likely a variable of a script that was not set: it must never stand for "all". Words of another program's line may be empty.</summary>
    private static IEnumerable<string> Empty(ParseResult parsed) => parsed.CommandResult.Children.Where(c => c.Tokens.Any(t => string.IsNullOrWhiteSpace(t.Value))).Select(c => c switch
    {
        OptionResult option => $"{Shown(option.Option)} is empty: give it a value, or leave {option.Option.Name} out.",
        ArgumentResult { Argument: { Arity.MaximumNumberOfValues: 1 } argument } => $"{argument.Name} is empty.",
        _ => null,
    }).OfType<string>();

    private static string Sentence(ParseError error) => error.SymbolResult switch
    {
        OptionResult { Tokens: [], IdentifierToken: null } option => $"{Shown(option.Option)} is missing.",
        OptionResult { Tokens: [] } option => $"{Shown(option.Option)} needs a value.",
        OptionResult { Tokens: [var token, ..] } option when option.Option.ValueType == typeof(int) || option.Option.ValueType == typeof(int?) =>
            $"{Shown(option.Option)} takes a whole number, not \"{token.Value}\".",
        ArgumentResult { Tokens: [], Argument: var argument } => $"{argument.Name} is missing.",
        ArgumentResult { Tokens: [var token, ..], Argument: var argument } when Choices(argument) is { Length: > 0 } choices =>
            $"{argument.Name} is one of {string.Join(", ", choices)}, not \"{token.Value}\".",
        _ => error.Message,
    };

    private static string Shown(Option option) => option.HelpName is { } value ? $"{option.Name} {value}" : option.Name;

    private static string[] Choices(Argument argument) => [.. argument.GetCompletions(System.CommandLine.Completions.CompletionContext.Empty).Select(c => c.Label)];
}
