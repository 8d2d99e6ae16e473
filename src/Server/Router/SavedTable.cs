using System.Runtime.InteropServices;
using System.Text.Json;

namespace Sluice.Router;

/// <summary>The router's last table on disk, so that apps are served while the server is away and after a crash of the router.</summary>
internal sealed class SavedTable(DataFolder data)
{
    public static byte[] TextOf(RouteTable table) => JsonSerializer.SerializeToUtf8Bytes(table, RouterClient.Json);

    /// <summary>The table that was saved last; number 0 and empty before the first. Throws <see cref="InvalidDataException"/> when the file is not ours.</summary>
    public RouteTable Load()
    {
        if (!File.Exists(data.RouteTable))
            return new RouteTable(0, []);
        try
        {
            return JsonSerializer.Deserialize<RouteTable>(File.ReadAllBytes(data.RouteTable), RouterClient.Json) ?? throw new JsonException("null");
        }
        catch (JsonException e)
        {
            throw new InvalidDataException($"{data.RouteTable} is damaged; move it aside and the server will push a new table.", e);
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

    public void Save(RouteTable table) => Save(table, _ => { });

    /// <summary>Durable when it returns: file synced, renamed over the old one, folder synced.</summary>
    private void Save(RouteTable table, Action<string> own)
    {
        var folder = Path.GetDirectoryName(data.RouteTable)!;
        Directory.CreateDirectory(folder);
        var fresh = $"{data.RouteTable}.{Environment.ProcessId}";
        using (var file = new FileStream(fresh, FileMode.Create, FileAccess.Write))
        {
            file.Write(TextOf(table));
            file.Flush(flushToDisk: true);
        }
        own(fresh);
        File.Move(fresh, data.RouteTable, overwrite: true);
        SyncFolder(folder);
    }

    private static void SyncFolder(string path)
    {
        const int ReadOnlyDirectory = 0x10000;
        var fd = open(path, ReadOnlyDirectory);
        if (fd < 0 || fsync(fd) < 0)
            throw new IOException($"{path} could not be synced to disk (error {Marshal.GetLastPInvokeError()}).");
        close(fd);
    }

    [DllImport("libc", SetLastError = true)] private static extern int open(string path, int flags);
    [DllImport("libc", SetLastError = true)] private static extern int fsync(int fd);
    [DllImport("libc", SetLastError = true)] private static extern int close(int fd);
}
