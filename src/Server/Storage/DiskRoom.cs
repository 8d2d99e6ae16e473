namespace Sluice.Storage;

/// <summary>Whether DIR's disk has room for more. Asked before something large is taken in, so that a person hears of it in a sentence and not from git's or a build's last words.</summary>
internal sealed class DiskRoom(DataFolder data)
{
    /// <summary>Less than this is full: what was accepted already needs some to end well.</summary>
    private const long LeastBytes = 32 * 1024 * 1024;

    /// <summary>Null while there is room.</summary>
    public RefusedException? Refusal => new DriveInfo(data.Root).AvailableFreeSpace < LeastBytes ? SqliteFailure.FullDisk(data.Database) : null;
}
