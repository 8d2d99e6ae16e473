using System.CommandLine;

namespace Sluice.Cli;

/// <summary>
/// One thing that can be asked of Sluice. A command adds its flags in the constructor and does its work in <see cref="RunAsync"/>; the answer is the
/// exit code. Refusals and failures are exceptions, told once by <see cref="CommandLine"/>.
/// </summary>
internal abstract class CliCommand : Command
{
    protected CliCommand(About about) : base(about.Name, about.Summary)
    {
        About = about;
        foreach (var alias in about.Aliases)
        {
            Aliases.Add(alias);
        }
    }

    public About About { get; }

    /// <summary>Arguments after <c>--</c> or unknown ones are refused by the parser before this is called.</summary>
    public abstract Task<ExitCode> RunAsync(Run run, CancellationToken ct);
}
