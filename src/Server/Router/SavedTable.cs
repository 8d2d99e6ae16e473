using System.Text.Json;
using Sluice.Storage;

namespace Sluice.Router;

/// <summary>
/// The router's last table on disk, so that apps are served while the server is away and after a crash of the router. Whole at any moment; the disk has it
/// a little later: a power cut takes the dynos along, too, and then the server pushes what holds.
/// </summary>
internal sealed class SavedTable(DataFolder data)
{
    private int waiting;

    internal Disk Disk { get; init; } = new RealDisk();

    /// <summary>False in tests that sync when they want.</summary>
    internal bool IsSyncedByItself { get; init; } = true;

    internal Action<string> Say { get; init; } = Console.Error.WriteLine;

    public static byte[] TextOf(RouteTable table) => JsonSerializer.SerializeToUtf8Bytes(table, RouterClient.Json);

    /// <summary>The table that was saved last; number 0 and empty before the first, and when a power cut damaged the file, which is then kept beside as <c>.damaged</c>.</summary>
    public RouteTable Load()
    {
        if (Disk.Read(data.RouteTable) is not { } text)
            return new RouteTable(0, []);
        try
        {
            return JsonSerializer.Deserialize<RouteTable>(text, RouterClient.Json) ?? throw new JsonException("null");
        }
        catch (JsonException)
        {
            Say($"{data.RouteTable} is damaged and was moved aside; the server pushes a new table.");
            Disk.Rename(data.RouteTable, data.RouteTable + ".damaged");
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
        if (IsSyncedByItself && Interlocked.Exchange(ref waiting, 1) == 0)
            _ = Task.Run(Sync);
    }

    private void Save(RouteTable table, Action<string> own)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(data.RouteTable)!);
        var fresh = $"{data.RouteTable}.{Environment.ProcessId}";
        Disk.Unlink(fresh);   // of a router that was killed and had this number
        using (var file = Disk.Create(fresh, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead))
            file.Write(TextOf(table));
        own(fresh);
        Disk.Rename(fresh, data.RouteTable);
    }

    internal void Sync()
    {
        Volatile.Write(ref waiting, 0);
        try
        {
            Disk.SyncFile(data.RouteTable);
            Disk.SyncFolder(Path.GetDirectoryName(data.RouteTable)!);
        }
        catch (IOException trouble)
        {
            Say($"The saved table is not on disk yet. {trouble.Message}");
        }
    }
}
