using System.Text.Json;
using Sluice.Storage;

namespace Sluice.Runtime;

/// <summary>A uid (and gid of the same number) for each app and use, given once and kept in a file of DIR, as an offset into the machine's share.</summary>
internal sealed class Identities
{
    private const int Most = 65536;
    private readonly string file;
    private readonly Disk disk;
    private readonly uint first;
    private readonly Lock one = new();
    private readonly Dictionary<string, uint> offsets;

    public Identities(string file, uint first, Disk disk)
    {
        (this.file, this.first, this.disk) = (file, first, disk);
        offsets = disk.Read(file) is { } text ? JsonSerializer.Deserialize<Dictionary<string, uint>>(text)! : [];
    }

    public uint Of(AppId app, SandboxUse use)
    {
        var name = $"{app}/{use}";
        lock (one)
        {
            if (!offsets.TryGetValue(name, out var offset))
            {
                offset = offsets.Count == 0 ? 1 : offsets.Values.Max() + 1;
                if (offset >= Most)
                    throw new AgentException("This machine's share of user ids is used up.");
                offsets[name] = offset;
                Save_NeedsLock();
            }
            return first + offset;
        }
    }

    /// <summary>Durable before anything belongs to a new uid: a number that was forgotten would be given to another app.</summary>
    private void Save_NeedsLock() => disk.Publish(file, JsonSerializer.SerializeToUtf8Bytes(offsets), UnixFileMode.UserRead | UnixFileMode.UserWrite);
}
