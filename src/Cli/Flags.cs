using System.CommandLine;

namespace Sluice.Cli;

/// <summary>The flags that many commands share, each written once.</summary>
internal static class Flags
{
    public static Option<string?> App() => new("--app", "-a") { Description = "app to act on (else --remote, SLUICE_APP, or this folder's git remote)", HelpName = "APP" };

    public static Option<string?> Remote() => new("--remote", "-r") { Description = "git remote that names the app", HelpName = "REMOTE" };

    public static Option<bool> Json() => new("--json", "-j") { Description = "print JSON on standard output, for programs" };

    public static Option<string?> Confirm(string what) => new("--confirm", "-c") { Description = $"the {what}'s name, so that nothing is asked", HelpName = what.ToUpperInvariant() };

    public static Option<string?> Stage() => new("--stage", "-s") { Description = "stage of the app in the pipeline: review, development, staging, production, or one of its own", HelpName = "STAGE" };

    public static Option<string?> Team() => new("--team", "-t") { Description = "name of the team (else SLUICE_TEAM)", HelpName = "TEAM" };

    /// <summary>--team, else SLUICE_TEAM; fit for a path.</summary>
    /// <exception cref="StopException">Neither is there.</exception>
    public static string NeedTeam(Run run, Option<string?> team) => Uri.EscapeDataString(
        run.Value(team) ?? run.Surroundings.Variable("SLUICE_TEAM") ?? throw StopException.Usage("Which team? Give --team TEAM, or set SLUICE_TEAM. See yours with: sluice teams"));

    public static Argument<string> Needed(string name, string description) => new(name) { Description = description, HelpName = name };

    public static Argument<string?> Optional(string name, string description) => new(name) { Description = description, HelpName = name, Arity = ArgumentArity.ZeroOrOne };

    /// <summary><c>a,b c</c> → a, b, c.</summary>
    public static string[] Names(string? text) => text?.Split([',', ' '], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries) ?? [];
}

/// <summary>A command about one app, which may be named in four ways.</summary>
internal abstract class AppCommand : CliCommand
{
    private readonly Option<string?> app = Flags.App();
    private readonly Option<string?> remote = Flags.Remote();

    protected AppCommand(About about) : base(about)
    {
        Options.Add(app);
        Options.Add(remote);
    }

    /// <summary>The app's name or id, as given; the server says whether it is there.</summary>
    protected Task<string> AppAsync(Run run, CancellationToken ct) => run.AppAsync(run.Value(app), run.Value(remote), ct);

    /// <summary>The same, but null when none is named anywhere.</summary>
    protected Task<string?> AnyAppAsync(Run run, CancellationToken ct) => run.AnyAppAsync(run.Value(app), run.Value(remote), ct);
}
