using System.Collections.Immutable;
using System.Text;

namespace Sluice.Runtime;

/// <summary>What the agent made for a sandbox on this machine before bwrap runs: paths of its own and whose uid.</summary>
internal sealed record SandboxPlace
{
    /// <summary>The sandbox's folder; holds its <c>hosts</c> and, with a lay-out, <c>app</c>.</summary>
    public required string Folder { get; init; }

    /// <summary>Files that all sandboxes share: passwd, group, resolv.conf.</summary>
    public required string Shared { get; init; }

    /// <summary>Null in one-team mode: the agent's own.</summary>
    public uint? Uid { get; init; }
    public ControlGroup? Group { get; init; }

    /// <summary>The slug brings scripts to source before the command.</summary>
    public bool HasProfile { get; init; }
}

/// <summary>
/// How a sandbox is made, as text: the wrapper script that joins groups, sets limits and drops to the tenant's uid, and bwrap's options. Pure,
/// so that tests compare it. Why each step is there is written beside it; the order matters.
/// </summary>
internal static class SandboxRecipe
{
    /// <summary>Descriptors of bwrap: its options (with config vars, which must not be seen in the process list), the filter, and where it writes pid and exit code.</summary>
    public const int ArgsDescriptor = 3, FilterDescriptor = 4, StatusDescriptor = 5;

    /// <summary>Uid and gid inside, whatever they are outside: one passwd file fits all.</summary>
    private const string InsideId = "1000";

    private const string DefaultPath = "/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin";

    /// <summary>
    /// Words: file size limit in 512-byte blocks, open files, the control groups' files, <c>--</c>, and what to become. It gets opaque paths
    /// and numbers only. <c>cd /</c> and <c>env -i</c>: what this shell exports could be read inside as <c>/proc/1/environ</c>.
    /// </summary>
    private const string Wrapper =
        """
        cd / && umask 022 && ulimit -c 0 && ulimit -f "$1" && ulimit -n "$2" || exit 125
        shift 2
        while [ "$1" != -- ]; do echo 0 >"$1" || exit 125; shift; done
        exec env -i "$@"
        """;

    /// <summary>Sources .profile.d as Heroku does, then gives the process type's line to a shell of its own, as one word.</summary>
    private const string Profile = """for f in .profile.d/*.sh; do if [ -r "$f" ]; then . "./$f"; fi; done; unset f; exec bash -c "$0" """;

    private static readonly string[] EtcFiles =
    [
        "ld.so.cache", "ld.so.conf", "ld.so.conf.d", "ssl", "ca-certificates", "ca-certificates.conf", "alternatives", "localtime", "timezone",
        "nsswitch.conf", "mime.types", "services", "protocols", "os-release", "debian_version", "dotnet", "host.conf", "gai.conf", "magic", "terminfo",
    ];

    /// <summary>They tell of the host or of the kernel's inside; reading them is denied.</summary>
    private static readonly string[] Masked = ["keys", "key-users", "kallsyms", "config.gz", "cmdline", "sched_debug", "timer_list", "kcore", "kmsg", "sysrq-trigger", "modules"];

    /// <summary>The whole argument vector of the wrapper.</summary>
    public static ImmutableArray<string> Words(SandboxSpec spec, SandboxPlace place, long openFiles) =>
    [
        "sh", "-c", Wrapper, "sh",
        $"{spec.Limits.FileSizeBytes / 512}", $"{openFiles}", .. place.Group?.Joins ?? [], "--",
        .. Drop(place), "/usr/bin/bwrap", "--args", $"{ArgsDescriptor}", "--seccomp", $"{FilterDescriptor}", "--json-status-fd", $"{StatusDescriptor}", "--",
        .. Inside(spec, place),
    ];

    // bwrap started as root could write the host's sysctls, whatever its options: the uid is dropped first.
    private static ImmutableArray<string> Drop(SandboxPlace place) => place.Uid is not { } uid ? [] :
        ["/usr/bin/setpriv", $"--reuid={uid}", $"--regid={uid}", "--clear-groups", "--no-new-privs", "--"];

    // Tenant text begins here: after `--`, as one word.
    private static ImmutableArray<string> Inside(SandboxSpec spec, SandboxPlace place) =>
        [.. Terminal(spec), .. place.HasProfile ? new[] { "bash", "-c", Profile, spec.Command } : ["bash", "-c", spec.Command]];

    // In a session of its own whose terminal it is: else Ctrl-C would reach nobody.
    private static string[] Terminal(SandboxSpec spec) => spec.Terminal is null ? [] : ["setsid", "--ctty", "--wait"];

    /// <summary>bwrap's options, as they go through the descriptor.</summary>
    public static byte[] ArgsBytes(SandboxSpec spec, SandboxPlace place) =>
        Encoding.UTF8.GetBytes(string.Concat(Args(spec, place).Select(word => word + "\0")));

    public static ImmutableArray<string> Args(SandboxSpec spec, SandboxPlace place)
    {
        Check(spec);
        return
        [
            // Share-net: the agent has put bwrap into the sandbox's own network already; without root all share the host's.
            "--unshare-all", "--unshare-user", "--share-net", "--disable-userns", "--new-session", "--cap-drop", "ALL",
            "--uid", InsideId, "--gid", InsideId, "--hostname", spec.Hostname,
            .. spec.KeepUp ? [] : new[] { "--die-with-parent" },
            .. System(), .. Etc(place), .. Kernel(spec, place), .. Mounts(spec, place), .. Environment(spec),
            "--remount-ro", "/", "--chdir", "/app",
        ];
    }

    private static IEnumerable<string> System()
    {
        yield return "--ro-bind";
        yield return "/usr";
        yield return "/usr";
        foreach (var link in new[] { "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32" })
        {
            if (new DirectoryInfo(link) is { LinkTarget: { } target })
                foreach (var word in new[] { "--symlink", target, link })
                    yield return word;
            else if (Directory.Exists(link))
                foreach (var word in new[] { "--ro-bind", link, link })
                    yield return word;
        }
    }

    private static IEnumerable<string> Etc(SandboxPlace place) =>
    [
        .. EtcFiles.Select(name => $"/etc/{name}").Where(Path.Exists).SelectMany(path => ReadOnly(path, path)),
        .. ReadOnly(Path.Combine(place.Shared, "passwd"), "/etc/passwd"), .. ReadOnly(Path.Combine(place.Shared, "group"), "/etc/group"),
        .. ReadOnly(Path.Combine(place.Shared, "resolv.conf"), "/etc/resolv.conf"), .. ReadOnly(Path.Combine(place.Folder, "hosts"), "/etc/hosts"),
    ];

    // Every file system in memory has a size, and what is writable at all is little: an unsized one shows gigabytes.
    private static IEnumerable<string> Kernel(SandboxSpec spec, SandboxPlace place) =>
    [
        "--proc", "/proc", .. Masked.Select(name => $"/proc/{name}").Where(File.Exists).SelectMany(path => ReadOnly("/dev/null", path)),
        "--dev", "/dev", "--perms", "1777", "--size", $"{Megabytes(Math.Min(64, spec.Limits.MemoryMb / 2))}", "--tmpfs", "/dev/shm", "--remount-ro", "/dev",
        "--perms", "1777", "--size", $"{Megabytes(spec.Limits.MemoryMb / 2)}", "--tmpfs", "/tmp", "--dir", "/var", "--symlink", "/tmp", "/var/tmp", "--dir", "/run", "--dir", "/home",
        .. place.Group is { } group ? group.Shown.SelectMany(m => ReadOnly(m.Source, m.Target)) : [],
    ];

    private static IEnumerable<string> Mounts(SandboxSpec spec, SandboxPlace place) =>
    [
        .. spec.LayOut is null ? [] : new[] { "--bind", Path.Combine(place.Folder, "app"), "/app" },
        .. spec.Mounts.SelectMany(mount => new[] { mount.Writable ? "--bind" : "--ro-bind", mount.Source, mount.Target }),
    ];

    private static IEnumerable<string> Environment(SandboxSpec spec) =>
        new Dictionary<string, string> { ["PATH"] = DefaultPath, ["HOME"] = "/app", ["LANG"] = "C.UTF-8" }.Where(v => !spec.Env.ContainsKey(v.Key))
            .Concat(spec.Env).OrderBy(v => v.Key, StringComparer.Ordinal).SelectMany(v => new[] { "--setenv", v.Key, v.Value }).Prepend("--clearenv");

    private static string[] ReadOnly(string source, string target) => ["--ro-bind", source, target];

    private static long Megabytes(int count) => count * 1024L * 1024;

    /// <summary>Nothing is mounted below another mount that a tenant can write (bwrap before 0.12 would make the mount point outside, through a link), and no source is a link.</summary>
    private static void Check(SandboxSpec spec)
    {
        var targets = spec.Mounts.Select(m => m.Target).Concat(spec.LayOut is null ? [] : ["/app"]).ToImmutableArray();
        if (!targets.Contains("/app"))
            throw new ArgumentException("A sandbox needs something at /app.", nameof(spec));
        foreach (var target in targets)
        {
            if (!target.StartsWith('/') || target.Split('/').Any(part => part is ".." or ".") || targets.Count(t => (target + "/").StartsWith(t + "/", StringComparison.Ordinal)) > 1)
                throw new ArgumentException($"Nothing may be mounted at {target}.", nameof(spec));
        }
        if (spec.Mounts.FirstOrDefault(m => new FileInfo(m.Source).LinkTarget is not null) is { } link)
            throw new ArgumentException($"{link.Source} is a link: it is not mounted.", nameof(spec));
        if (spec.Env.Any(v => v.Key.Length == 0 || v.Key.Contains('=', StringComparison.Ordinal) || v.Key.Contains('\0', StringComparison.Ordinal) || v.Value.Contains('\0', StringComparison.Ordinal)))
            throw Refuse.Invalid("A config var has an empty name, or a name or value that no process can take.");
    }
}
