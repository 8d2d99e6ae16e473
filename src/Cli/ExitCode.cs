namespace Sluice.Cli;

/// <summary>What the process says to the shell. Part of the contract: see <c>docs/cli.md</c>.</summary>
internal enum ExitCode
{
    Ok = 0,

    /// <summary>The server did what was asked and it did not work out: a promotion's target failed, a release failed.</summary>
    Failed = 1,

    /// <summary>The server refused: unknown app, name taken, invalid value. Nothing changed.</summary>
    Refused = 2,

    /// <summary>The command was not understood, or needs something that was not given.</summary>
    Usage = 64,

    /// <summary>No server is known, or it does not answer.</summary>
    Unreachable = 69,

    /// <summary>The server knows no such key, or no key is known.</summary>
    NotLoggedIn = 77,

    /// <summary>Ctrl-C.</summary>
    Interrupted = 130,
}

/// <summary>Ends the command with one sentence for a person on standard error.</summary>
internal sealed class StopException(ExitCode code, string message) : Exception(message)
{
    public ExitCode Code { get; } = code;

    public static StopException Usage(string message) => new(ExitCode.Usage, message);
    public static StopException Refused(string message) => new(ExitCode.Refused, message);
    public static StopException Failed(string message) => new(ExitCode.Failed, message);
}
