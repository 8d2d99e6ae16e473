using System.Text.RegularExpressions;
using Sluice.Jobs;

namespace Sluice.Runtime;

/// <summary>
/// Programs of the machine that everything leans on, and the versions below which each has a known hole. A distribution may have mended an older one, which its
/// version does not show: so it is told, and nothing is refused.
/// </summary>
internal static partial class ProgramFloors
{
    private static readonly (string Program, string Name, Version Floor, string Why)[] Floors =
    [
        ("/usr/bin/bwrap", "bubblewrap", new Version(0, 12, 0), "makes mount points below a link outside of the sandbox; Sluice mounts nothing below what an app can write"),
        ("git", "git", new Version(2, 50, 1), "may write outside of a submodule's folder (CVE-2025-48384), unless the distribution has mended it; Sluice takes no submodule outside of a build's sandbox"),
    ];

    /// <summary>One line for the log for each that is too old, or of no readable version.</summary>
    public static async Task<IReadOnlyList<string>> CareAsync(CancellationToken ct)
    {
        var cares = new List<string>();
        foreach (var (program, name, _, _) in Floors)
        {
            if (await SaidAsync(program, ct) is { } said && Care(name, said) is { } care)
                cares.Add(care);
        }
        return cares;
    }

    /// <summary>What to say of a program that answers <c>--version</c> so; null when it is new enough.</summary>
    public static string? Care(string name, string said)
    {
        var (_, _, floor, why) = Floors.First(f => f.Name == name);
        if (!Version.TryParse(Number().Match(said).Value, out var version))
            return $"What version of {name} this is cannot be told (it says: {said.Trim()}); Sluice wants {floor} or newer.";
        return version < floor ? $"{name} {version} is older than {floor}, and {why}. Upgrade it when you can." : null;
    }

    /// <summary>Null when it is not there, which others say better.</summary>
    private static async Task<string?> SaidAsync(string program, CancellationToken ct)
    {
        try
        {
            return (await Shell.RunAsync(new Command(program, "--version"), ct)).Text;
        }
        catch (IOException)
        {
            return null;
        }
    }

    [GeneratedRegex(@"\d+\.\d+(\.\d+)?")]
    private static partial Regex Number();
}

/// <summary>Says at start which of the machine's programs want care.</summary>
internal sealed partial class ProgramWatch(TimeProvider clock, ILogger<ProgramWatch> log) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await Calm.AfterStartAsync(clock, stoppingToken);
        foreach (var care in await ProgramFloors.CareAsync(stoppingToken))
            LogCare(care);
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "{Care}")]
    private partial void LogCare(string care);
}
