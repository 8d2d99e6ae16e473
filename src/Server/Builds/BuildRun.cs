using System.Collections.Immutable;
using Sluice.Runtime;

namespace Sluice.Builds;

/// <summary>What the server asks of the agent: one build. Holds secrets (config vars): never logged.</summary>
internal sealed record BuildRun
{
    public const string Op = "build.run";

    public required BuildId Id { get; init; }
    public required AppId App { get; init; }

    /// <summary>Name in DIR/uploads of a tar, plain or gzip.</summary>
    public required string SourceFile { get; init; }

    /// <summary>An archive of someone's making may have all in one folder, which is lifted; git's never is.</summary>
    public required bool FromGit { get; init; }
    public required ImmutableArray<BuildpackChoice> Buildpacks { get; init; }
    public required ImmutableDictionary<string, string> Config { get; init; }
    public string? Commit { get; init; }

    /// <summary>More than that in its slug fails the build.</summary>
    public required long MaxSlugMb { get; init; }
}

/// <summary>How it went. Either <see cref="Failure"/> (the app's fault, a sentence) or the rest.</summary>
internal sealed record BuildRan
{
    public string? Failure { get; init; }
    public SlugDigest? Digest { get; init; }
    public long Bytes { get; init; }
    public int Files { get; init; }
    public string Stack { get; init; } = "";
    public string HostPackages { get; init; } = "";
    public string? HealthPath { get; init; }
    public ImmutableArray<BuildpackUsed> Buildpacks { get; init; } = [];
    public ImmutableSortedDictionary<string, string> ProcessTypes { get; init; } = ImmutableSortedDictionary<string, string>.Empty;
}

/// <summary>What one build may use. The time limit is the sandbox's; the server waits <see cref="Grace"/> longer for the slug to be made.</summary>
internal static class BuildLimits
{
    public static readonly TimeSpan Time = TimeSpan.FromMinutes(15);
    public static readonly TimeSpan Grace = TimeSpan.FromMinutes(5);

    /// <summary>What is said of a build that took longer than <paramref name="time"/>.</summary>
    public static string TookLonger(TimeSpan time) => $"The build took longer than {(time.TotalMinutes >= 1 ? $"{time.TotalMinutes:0} minutes" : $"{time.TotalSeconds:0} seconds")}.";

    /// <summary>Bytes of output; a build that prints more is stopped.</summary>
    public const long OutputBytes = 10 * 1024 * 1024;

    /// <summary>All files of a build together, caches and temporary ones too, on disk.</summary>
    public const long TreeBytes = 8L << 30;
    public const int TreeFiles = 1_000_000;

    public static readonly SandboxLimits Sandbox = new()
    {
        MemoryMb = 4096,
        CpuPercent = 400,
        Processes = 1024,
        FileSizeBytes = 2L << 30,
        Time = Time,
    };
}
