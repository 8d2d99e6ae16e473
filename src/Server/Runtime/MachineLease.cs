using System.Text.Json;

namespace Sluice.Runtime;

/// <summary>
/// This DIR's share of what a machine has once: a number from 0 to 63 that names its range of uids, its block of addresses and its links.
/// Several servers side by side never share one. Held by a lock in <c>/run/sluice</c>; the file beside it says whose dynos still live there
/// while no agent runs, so that nobody else takes the number until that DIR is gone.
/// </summary>
internal sealed class MachineLease : IDisposable
{
    private const int Shares = 64;
    private static readonly TimeSpan OwnWithin = TimeSpan.FromSeconds(10);
    private const int LockExclusive = 2, LockNonBlocking = 4;
    private readonly int descriptor;
    private readonly string file;

    private MachineLease(int number, int descriptor, string file) => (Number, this.descriptor, this.file) = (number, descriptor, file);

    public int Number { get; }

    /// <summary>Above every range that system users, subordinate ids and systemd's containers use.</summary>
    public uint FirstUid => 2_000_000_000u + ((uint)Number * 65536);

    /// <summary>Starts the names of this share's links and network namespaces.</summary>
    public string LinkPrefix => $"sluice{Number}-";

    /// <summary>Takes the number that this DIR had, or a free one. <paramref name="clear"/> is told of a number's former owner whose DIR is gone.</summary>
    public static MachineLease Take(string folder, string root, string instance, Action<int, string> clear)
    {
        Directory.CreateDirectory(folder);
        var owners = Enumerable.Range(0, Shares).ToDictionary(n => n, n => OwnerOf(FileOf(folder, n)));

        // Its own, then one whose DIR is gone (so that what it left is cleared), then a free one.
        var order = owners.OrderByDescending(o => o.Value?.Instance == instance).ThenByDescending(o => o.Value is not null).ThenBy(o => o.Key);
        foreach (var (number, owner) in order)
        {
            var path = FileOf(folder, number);
            if (owner is not null && owner.Instance != instance && File.Exists(Path.Combine(owner.Root, "instance")))
                continue;
            var held = Libc.Check(Libc.open(path + ".lock", Libc.O_RDWR | Libc.O_CREAT | Libc.O_CLOEXEC, 0x180), $"Opening {path}.lock");
            // Its own may be held for a moment more by the agent before this one; another's is not waited for.
            if (!SpinWait.SpinUntil(() => Libc.flock(held, LockExclusive | LockNonBlocking) == 0, owner?.Instance == instance ? OwnWithin : TimeSpan.Zero))
            {
                if (owner?.Instance == instance)
                    throw new AgentException("Another agent of this data folder still runs.");
                Libc.close(held);
                continue;
            }
            if (owner is not null && owner.Instance != instance)
                clear(number, owner.Instance);
            Write(path, JsonSerializer.Serialize(new Owner(instance, root)));
            return new MachineLease(number, held, path);
        }
        throw new AgentException($"All {Shares} shares of this machine are taken by other data folders: stop one of them, or remove its file in {folder}.");
    }

    /// <summary>Gives the number back: nothing of this DIR lives on the machine any more.</summary>
    public void Release() => Write(file, "");

    public void Dispose() => Libc.close(descriptor);

    private static string FileOf(string folder, int number) => Path.Combine(folder, $"share-{number:d2}");

    private static Owner? OwnerOf(string file) =>
        File.Exists(file) && File.ReadAllText(file) is { Length: > 0 } text ? JsonSerializer.Deserialize<Owner>(text) : null;

    /// <summary>Whole or not at all: others read it at any moment.</summary>
    private static void Write(string path, string text)
    {
        File.WriteAllText(path + ".new", text);
        File.Move(path + ".new", path, overwrite: true);
    }

    private sealed record Owner(string Instance, string Root);
}
