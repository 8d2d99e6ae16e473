using System.Collections.Immutable;

namespace Sluice.Runtime;

/// <summary>What must be known of a running sandbox to watch, stop and clear it, also by an agent that did not start it. No secret is in it.</summary>
internal sealed record SandboxNote
{
    public required string Id { get; init; }
    public required bool KeepUp { get; init; }

    /// <summary>Of the outer bwrap; 0 while it is not started.</summary>
    public int Pid { get; init; }

    /// <summary>When that process began, in the kernel's ticks since boot: tells it from a later one with the same number.</summary>
    public string? PidStarted { get; init; }

    /// <summary>The network it is in; null for the host's.</summary>
    public string? Link { get; init; }

    /// <summary>Where it is reached from the host.</summary>
    public required string Address { get; init; }
}

/// <summary>A sandbox that runs, or ended and is not cleared yet.</summary>
internal sealed class LiveSandbox(SandboxNote note, string folder, ControlGroup? group, TimeProvider clock)
{
    private static readonly TimeSpan EmptyWithin = TimeSpan.FromSeconds(10);

    public SandboxNote Note { get; } = note;
    public string Folder { get; } = folder;
    public ControlGroup? Group { get; } = group;

    public bool IsRunning => Note.Pid > 0 && ProcessTable.StartedAt(Note.Pid) is { } started && started == Note.PidStarted;

    /// <summary>How long it runs, by the kernel's clock, which nobody sets. Null when it does not run.</summary>
    public TimeSpan? Age => IsRunning ? ProcessTable.Uptime() - ProcessTable.SinceBoot(Note.PidStarted!) : null;

    /// <summary>Where it waits for connections; empty when it is in the host's network, where others wait, too.</summary>
    public ImmutableArray<System.Net.IPEndPoint> Listens => Note.Link is not null && InnerPid is { } inner && IsRunning ? Listening.Of(inner) : [];

    public bool WasOutOfMemory => Group?.OutOfMemoryKills() > 0;

    /// <summary>bwrap writes a line with its child's pid when it begins and one with the exit code when the command has ended by itself.</summary>
    private string StatusFile => Path.Combine(Folder, "status");

    private int? InnerPid => Status("child-pid");

    /// <summary>Waits for the end of the outer process; the command's exit code: 137 if it was killed as a whole, -1 when unknown. Throws if the sandbox could not be made.</summary>
    public async Task<int> EndAsync(CancellationToken ct)
    {
        // One that was killed before we came is still ours to reap.
        var code = Note.Pid > 0 && ProcessTable.BeganAt(Note.Pid) is { } began && began == Note.PidStarted ? await Spawn.WaitAsync(Note.Pid, ct) : -1;
        if (code is -1 or >= 128 || Status("exit-code") is not null)
            return Status("exit-code") ?? code;
        throw new SandboxNotMadeException(code);
    }

    /// <summary>SIGTERM to each process inside but bwrap's own two, which would end at once and take the others along. Answers how many.</summary>
    /// <param name="hangUp">And SIGHUP before it, as when a terminal goes.</param>
    public int Terminate(bool hangUp = false) => Inside().Count(pid => (!hangUp || Libc.kill(pid, Libc.SigHup) == 0) && Libc.kill(pid, Libc.SigTerm) == 0);

    /// <summary>SIGKILL to all; returns when no process is left.</summary>
    public async Task KillAsync()
    {
        if (Group is not null)
        {
            // It joins its group as its first deed: before that, killing the group would miss it.
            if (IsRunning)
                Libc.kill(Note.Pid, Libc.SigKill);
            await Group.KillAsync(clock);
            return;
        }
        // Pid 1 inside takes its whole namespace along.
        foreach (var pid in new[] { InnerPid ?? 0, IsRunning ? Note.Pid : 0 }.Where(pid => pid > 0 && IsRunning))
            Libc.kill(pid, Libc.SigKill);
        var started = clock.GetTimestamp();
        while (IsRunning && clock.GetElapsedTime(started) < EmptyWithin)
            await Task.Delay(TimeSpan.FromMilliseconds(2), clock);
    }

    private ImmutableArray<int> Inside()
    {
        var own = new[] { Note.Pid, InnerPid ?? 0 };
        return Group is not null ? [.. Group.Processes().Except(own)]
            : InnerPid is { } inner && IsRunning ? ProcessTable.Below(inner) : [];
    }

    private int? Status(string member)
    {
        try
        {
            return StatusLines.Find(File.ReadAllText(StatusFile), member);
        }
        catch (Exception gone) when (gone is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
    }
}

/// <summary>What bwrap says of itself: <c>{ "child-pid": 12, … }</c> in several writes, so that who looks in the first moment sees half a line; each number comes whole.</summary>
internal static class StatusLines
{
    /// <summary>Null while it has not said it.</summary>
    public static int? Find(string text, string member)
    {
        var name = $"\"{member}\":";
        var at = text.IndexOf(name, StringComparison.Ordinal);
        return at >= 0 && int.TryParse(string.Concat(text[(at + name.Length)..].TrimStart().TakeWhile(char.IsAsciiDigit)), out var number) ? number : null;
    }
}

/// <summary>bwrap ended before the command began: the platform's fault. What it complained of is in the sandbox's output.</summary>
internal sealed class SandboxNotMadeException(int code) : Exception($"The sandbox could not be made (bwrap ended with {code}).");

/// <summary>What /proc says of processes.</summary>
internal static class ProcessTable
{
    /// <summary>Null when there is no such process, or only its zombie.</summary>
    public static string? StartedAt(int pid) => Stat(pid) is { } fields && fields[0] != "Z" ? fields[19] : null;

    /// <summary>The same, of a zombie as well.</summary>
    public static string? BeganAt(int pid) => Stat(pid)?[19];

    /// <summary>The kernel counts a process's start in hundredths of a second, on every machine.</summary>
    public static TimeSpan SinceBoot(string startedAt) => TimeSpan.FromMilliseconds(10 * long.Parse(startedAt));

    public static TimeSpan Uptime() =>
        TimeSpan.FromSeconds(double.Parse(File.ReadAllText("/proc/uptime").Split(' ')[0], System.Globalization.CultureInfo.InvariantCulture));

    /// <summary>All descendants of a process.</summary>
    public static ImmutableArray<int> Below(int ancestor)
    {
        var parents = new Dictionary<int, int>();
        foreach (var folder in Directory.EnumerateDirectories("/proc"))
        {
            if (int.TryParse(Path.GetFileName(folder), out var pid) && Stat(pid) is { } fields)
                parents[pid] = int.Parse(fields[1]);
        }
        return [.. parents.Keys.Where(IsBelow)];

        bool IsBelow(int pid)
        {
            while (parents.TryGetValue(pid, out var parent) && parent > 1)
            {
                if (parent == ancestor)
                    return true;
                pid = parent;
            }
            return false;
        }
    }

    /// <summary>The fields after the name, which may itself hold blanks and brackets: state, parent, …</summary>
    private static string[]? Stat(int pid)
    {
        try
        {
            var text = File.ReadAllText($"/proc/{pid}/stat");
            return text[(text.LastIndexOf(')') + 2)..].Split(' ');
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
