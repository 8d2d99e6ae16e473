using System.Collections.Immutable;

namespace Sluice.Runtime;

/// <summary>What a sandbox may use at most. Zero never means unlimited.</summary>
public sealed record SandboxLimits
{
    /// <summary>The weight that a control group has when nobody says.</summary>
    public const int Usual = 100;

    public required int MemoryMb { get; init; }

    /// <summary>Hundredths of one CPU: 100 is one whole core.</summary>
    public required int CpuPercent { get; init; }

    /// <summary>Its part of processors that others want, too, beside <see cref="Usual"/> of the others; where nobody waits it may use all that it is allowed.</summary>
    public int CpuWeight { get; init; } = Usual;

    public required int Processes { get; init; }

    public required long FileSizeBytes { get; init; }

    /// <summary>Null for what is kept up.</summary>
    public TimeSpan? Time { get; init; }
}

/// <summary>Bound into the sandbox at a fixed place; the source is always a path of the platform's own, never inside a tenant's tree.</summary>
public sealed record SandboxMount(string Source, string Target, bool Writable);

/// <summary>One sandbox to start: a value, so that tests compare it and a dry run prints it.</summary>
public sealed record SandboxSpec
{
    /// <summary>Opaque; names the control groups and the folder. 32 hex digits.</summary>
    public required string Id { get; init; }

    public required AppId App { get; init; }

    /// <summary>Build or run: they have different uids.</summary>
    public required SandboxUse Use { get; init; }

    /// <summary>Shown inside as the host name: <c>web.1</c>.</summary>
    public required string Hostname { get; init; }

    public required ImmutableArray<SandboxMount> Mounts { get; init; }

    /// <summary>A laid-out slug to put at <c>/app</c> under a writable layer that dies with the sandbox; null when a mount brings /app.</summary>
    public string? LayOut { get; init; }

    public required ImmutableDictionary<string, string> Env { get; init; }

    /// <summary>Given to <c>sh -c</c> inside as one argument; the only place where tenant text meets a shell.</summary>
    public required string Command { get; init; }

    public required SandboxLimits Limits { get; init; }

    /// <summary>Dies with the agent (builds, release phases) or survives it (dynos).</summary>
    public required bool KeepUp { get; init; }

    /// <summary>Its three streams are a terminal of this size, which is its controlling one; null for pipes.</summary>
    public TerminalSize? Terminal { get; init; }

    /// <summary>Somebody may type to it; always so with a terminal.</summary>
    public bool TakesInput { get; init; }

    /// <summary>A host file opened read-only and given as standard input; null for none.</summary>
    public string? StandardInput { get; init; }
}

public enum SandboxUse
{
    Build,
    Run,
}

/// <summary>How a sandbox ended. <paramref name="Code"/> is the shell's: 137 killed, 139 crashed; -1 when it ended while nobody watched.</summary>
public sealed record SandboxExit(int Code, bool OutOfMemory, bool TimedOut);
