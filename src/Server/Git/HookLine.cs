using System.Text;
using Sluice.Runtime;
using Sluice.Sources;

namespace Sluice.Git;

/// <summary>One ref that a push wants to move. All zeros stand for "not there".</summary>
internal sealed record RefUpdate(string Old, string New, string Name)
{
    private const string None = "0000000000000000000000000000000000000000";

    public bool Deletes => New == None;
    public bool Creates => Old == None;

    /// <summary>Only these two deploy.</summary>
    public bool Deploys => Name is "refs/heads/main" or "refs/heads/master";

    public string Branch => Name.StartsWith("refs/heads/", StringComparison.Ordinal) ? Name[11..] : Name;
}

/// <summary>What git's pre-receive hook told: where the pushed objects are meanwhile (null when none were, as for a deletion), and which refs would move.</summary>
internal sealed record HookCall(Quarantine? Quarantine, IReadOnlyList<RefUpdate> Updates);

/// <summary>
/// The line between git's pre-receive hook and us: two FIFOs in a folder of one push. The hook is three lines of shell and no program of
/// ours, whose start would be paid by each push. We hold both ends of both open, so that nothing here ever blocks or breaks when git goes away.
/// </summary>
internal sealed class HookLine : IDisposable
{
    /// <summary>Its output goes to the person who pushes; a line that begins with byte 1 ends it with the code that follows.</summary>
    private const string Script = """
        #!/bin/sh
        { echo "$GIT_OBJECT_DIRECTORY"; echo "$GIT_ALTERNATE_OBJECT_DIRECTORIES"; cat; echo .; } >"$SLUICE_PUSH/in"
        while IFS= read -r l; do case $l in @*) exit "${l#??}";; esac; printf '%s\n' "$l"; done <"$SLUICE_PUSH/out"; exit 1

        """;

    private const string Nobody = "no hook";
    private readonly PipeStream input;
    private readonly PipeStream output;
    private readonly StringBuilder text = new();

    public HookLine(DataFolder data)
    {
        Folder = Path.Combine(data.Run, $"push-{Guid.NewGuid():N}");
        Directory.CreateDirectory(Folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        input = Open(Path.Combine(Folder, "in"));
        output = Open(Path.Combine(Folder, "out"));
    }

    /// <summary>For the hook, as <c>SLUICE_PUSH</c>.</summary>
    public string Folder { get; }

    /// <summary>The folder of our hook, for <c>core.hooksPath</c>; written anew at start.</summary>
    public static string Install(DataFolder data)
    {
        var folder = Path.Combine(data.Run, "hooks");
        Directory.CreateDirectory(folder);
        var making = Path.Combine(folder, "pre-receive.new");
        File.WriteAllText(making, Script.Replace('@', '\u0001'));
        File.SetUnixFileMode(making, (UnixFileMode)0b111_101_101);
        File.Move(making, Path.Combine(folder, "pre-receive"), overwrite: true);
        foreach (var left in Directory.EnumerateDirectories(data.Run, "push-*"))
            Directory.Delete(left, recursive: true);
        return folder;
    }

    /// <summary>Waits for the hook. Null when git ended without it (<see cref="NoHook"/>): a probe, or a push that git itself refused.</summary>
    public async Task<HookCall?> CalledAsync(CancellationToken ct)
    {
        var (objects, alternates) = (await ReadLineAsync(ct), await ReadLineAsync(ct));
        var updates = new List<RefUpdate>();
        while (await ReadLineAsync(ct) is var line && line != ".")
        {
            if (line.Split(' ', 3) is [var old, var now, var name])
                updates.Add(new RefUpdate(old, now, name));
        }
        return objects == Nobody ? null : new HookCall(objects.Length == 0 ? null : new Quarantine(objects, alternates), updates);
    }

    /// <summary>Lets <see cref="CalledAsync"/> end, since no hook will come.</summary>
    public async Task NoHook() => await input.WriteAsync(Encoding.ASCII.GetBytes($"{Nobody}\n\n.\n"));

    /// <summary>One line to the person who pushes.</summary>
    public async ValueTask SayAsync(string line, CancellationToken ct) =>
        await output.WriteAsync(Encoding.UTF8.GetBytes(line.Replace('\u0001', '?').Replace('\n', ' ') + "\n"), ct);

    /// <summary>Ends the hook: 0 lets the push in, anything else refuses it.</summary>
    public async Task EndAsync(int code, CancellationToken ct) => await output.WriteAsync(Encoding.ASCII.GetBytes($"\u0001 {code}\n"), ct);

    public void Dispose()
    {
        input.Dispose();
        output.Dispose();
        Directory.Delete(Folder, recursive: true);
    }

    private async Task<string> ReadLineAsync(CancellationToken ct)
    {
        var buffer = new byte[4096];
        while (true)
        {
            var all = text.ToString();
            if (all.IndexOf('\n') is var end and >= 0)
            {
                text.Remove(0, end + 1);
                return all[..end];
            }
            var count = await input.ReadAsync(buffer, ct);
            text.Append(Encoding.UTF8.GetString(buffer, 0, count));
        }
    }

    private static PipeStream Open(string path)
    {
        Libc.Check(Libc.mkfifo(path, 0b110_000_000), "Making a FIFO for a push");
        return new PipeStream(Libc.Check(Libc.open(path, Libc.O_RDWR | Libc.O_CLOEXEC, 0), "Opening a FIFO for a push"), writes: true);
    }
}
