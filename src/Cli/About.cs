namespace Sluice.Cli;

/// <summary>What help says about a command before it is built.</summary>
/// <param name="Name">As typed, <c>pipelines:promote</c>; what stands before the colon is its topic.</param>
/// <param name="Summary">One line, no full stop: what it does for whoever types it.</param>
/// <param name="Example">A line that really runs.</param>
internal sealed record About(string Name, string Summary, string Example, Func<CliCommand> Make)
{
    /// <summary>Other names, the Heroku CLI's short ones and the old ones.</summary>
    public string[] Aliases { get; init; } = [];

    /// <summary>Not listed: called by programs.</summary>
    public bool Hidden { get; init; }

    /// <summary>Further paragraphs of <c>sluice help COMMAND</c>.</summary>
    public string More { get; init; } = "";
}
