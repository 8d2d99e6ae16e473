using Sluice.Cli.Output;

namespace Sluice.Cli;

/// <summary>All that a command may learn from the machine it runs on; tests make their own.</summary>
internal sealed record Surroundings
{
    public required Terminal Terminal { get; init; }

    /// <summary>An environment variable, or null when it is unset or empty.</summary>
    public required Func<string, string?> Variable { get; init; }

    /// <summary>Where git remotes are looked up.</summary>
    public required string WorkingFolder { get; init; }

    /// <summary>Absolute; where a login is remembered.</summary>
    public required string HomeFolder { get; init; }

    public required bool IsRoot { get; init; }
    public required TimeProvider Clock { get; init; }

    /// <summary>The process's streams as bytes.</summary>
    public Func<RawConsole> Console { get; init; } = RawConsole.OfThisProcess;

    /// <summary>How git finds this command line again when it asks for a key: the <c>./sluice</c> script, else this program.</summary>
    public string OwnCommand => Variable("SLUICE_COMMAND") ?? Environment.ProcessPath ?? "sluice";

    public static Surroundings OfThisProcess() => new()
    {
        Terminal = Terminal.OfThisProcess(),
        Variable = name => Environment.GetEnvironmentVariable(name) is { Length: > 0 } value ? value : null,
        WorkingFolder = Environment.CurrentDirectory,
        HomeFolder = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile),
        IsRoot = Environment.IsPrivilegedProcess,
        Clock = TimeProvider.System,
    };
}
