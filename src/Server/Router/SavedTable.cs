using System.Runtime.InteropServices;
using System.Text.Json;

namespace Sluice.Router;

/// <summary>
/// The router's last table on disk, so that apps are served while the server is away and after a crash of the router. Whole at any moment; the disk has it
/// a little later: a power cut takes the dynos along, too, and then the server pushes what holds.
/// </summary>
internal sealed class SavedTable(DataFolder data)
{
    private int waiting;

    public static byte[] TextOf(RouteTable table) => JsonSerializer.SerializeToUtf8Bytes(table, RouterClient.Json);

    /// <summary>The table that was saved last; number 0 and empty before the first, and when a power cut damaged the file, which is then kept beside as <c>.damaged</c>.</summary>
    public RouteTable Load()
    {
        if (!File.Exists(data.RouteTable))
            return new RouteTable(0, []);
        try
        {
            return JsonSerializer.Deserialize<RouteTable>(File.ReadAllBytes(data.RouteTable), RouterClient.Json) ?? throw new JsonException("null");
        }
        catch (JsonException)
        {
            Console.Error.WriteLine($"{data.RouteTable} is damaged and was moved aside; the server pushes a new table.");
            File.Move(data.RouteTable, data.RouteTable + ".damaged", overwrite: true);
            return new RouteTable(0, []);
        }
    }

    /// <summary>To be called when all dynos have been stopped and no router runs: their addresses may be given to other apps, to whom the next router
    /// must not lead anyone. Hosts stay known. Safe to repeat.</summary>
    /// <param name="own">Gives the new file to the router's user before it takes the old one's place.</param>
    public void ForgetTargets(Action<string> own)
    {
        var table = Load();
        if (table.Routes.Any(r => !r.Targets.IsEmpty))
            Save(table with { Routes = [.. table.Routes.Select(r => r with { Targets = [] })] }, own);
    }

    /// <summary>Any process that looks from now on finds it, whole. Brings it to the disk behind the caller's back, once for many saves.</summary>
    public void Save(RouteTable table)
    {
        Save(table, _ => { });
        if (Interlocked.Exchange(ref waiting, 1) == 0)
            _ = Task.Run(Sync);
    }

    private void Save(RouteTable table, Action<string> own)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(data.RouteTable)!);
        var fresh = $"{data.RouteTable}.{Environment.ProcessId}";
        File.WriteAllBytes(fresh, TextOf(table));
        own(fresh);
        File.Move(fresh, data.RouteTable, overwrite: true);
    }

    private void Sync()
    {
        Volatile.Write(ref waiting, 0);
        foreach (var path in new[] { data.RouteTable, Path.GetDirectoryName(data.RouteTable)! })
        {
            var fd = open(path, 0);
            if (fd < 0 || fsync(fd) < 0)
                Console.Error.WriteLine($"{path} could not be synced to disk (error {Marshal.GetLastPInvokeError()}).");
            if (fd >= 0)
                close(fd);
        }
    }

    [DllImport("libc", SetLastError = true)] private static extern int open(string path, int flags);
    [DllImport("libc", SetLastError = true)] private static extern int fsync(int fd);
    [DllImport("libc", SetLastError = true)] private static extern int close(int fd);
}
