namespace Sluice.Runtime;

/// <summary>
/// A sandbox's <c>/app</c>: the laid-out slug read-only below, a sized file system in memory above, which dies with the sandbox. Without root, a
/// copy on disk instead.
/// </summary>
internal static class WritableLayer
{
    private const ulong NoSuid = 2, NoDev = 4;
    private const int Detach = 2, NoFollow = 8;
    private const int Inodes = 100_000;
    private const string Layer = "layer", App = "app", View = "view";

    /// <summary>Makes <c>app</c> in the sandbox's folder, its root owned by <paramref name="uid"/>.</summary>
    public static async Task MountAsync(string folder, SandboxSpec spec, uint? uid, CancellationToken ct)
    {
        var (layer, app) = (Path.Combine(folder, Layer), Path.Combine(folder, App));
        if (uid is not { } owner)
        {
            await Shell.TextAsync(new Command("cp", "-a", "--reflink=auto", "--", spec.LayOut!, app), ct);
            return;
        }
        Directory.CreateDirectory(layer);
        Directory.CreateDirectory(app);
        Libc.Check(Libc.mount("tmpfs", layer, "tmpfs", NoSuid | NoDev, $"size={spec.Limits.MemoryMb / 2}m,nr_inodes={Inodes},mode=0700"), "Mounting a dyno's writable layer");
        var (up, work) = (Directory.CreateDirectory(Path.Combine(layer, "up")).FullName, Directory.CreateDirectory(Path.Combine(layer, "work")).FullName);
        Libc.Check(Libc.chown(up, owner, owner), "Giving a dyno its writable layer");
        var view = Directory.CreateDirectory(Path.Combine(folder, View)).FullName;
        var owned = OwnedView.TryMount(spec.LayOut!, view, owner);
        Libc.Check(Libc.mount("overlay", app, "overlay", NoSuid | NoDev, $"lowerdir={Escape(owned ? view : spec.LayOut!)},upperdir={Escape(up)},workdir={Escape(work)}"), "Laying a slug under a dyno's writable layer");
        Libc.umount2(view, Detach | NoFollow);
    }

    /// <summary>Nothing of it is left; there may have been nothing.</summary>
    public static void Unmount(string folder)
    {
        foreach (var place in new[] { App, Layer, View }.Select(name => Path.Combine(folder, name)))
            Libc.umount2(place, Detach | NoFollow);
    }

    /// <summary>Commas and colons part the options from one another.</summary>
    private static string Escape(string path) => path.Replace("\\", "\\\\", StringComparison.Ordinal).Replace(":", "\\:", StringComparison.Ordinal).Replace(",", "\\,", StringComparison.Ordinal);
}
