using Sluice.AppSetups;
using Sluice.Builds;
using Sluice.Storage;

namespace Sluice.Api;

/// <summary>
/// Tarballs that callers put into <c>DIR/uploads</c>, named by an id that only a ticket tells. Whole or not there; durable when accepted. What nobody
/// built or released within a day is cleared away, and at the start what a dead server had on its way.
/// </summary>
internal sealed partial class Uploads(DataFolder data, Disk disk, BuildTable builds, AppSetupTable setups, TimeProvider clock, ILogger<Uploads> logger) : BackgroundService
{
    /// <summary>As much as a slug may hold.</summary>
    public const long MaxBytes = 1L << 30;

    private const string Mark = "upload-", BuildMark = "build-";
    private static readonly TimeSpan KeptFor = TimeSpan.FromDays(1);
    private static readonly TimeSpan SweepEvery = TimeSpan.FromHours(1);

    /// <summary>Plain name in <c>DIR/uploads</c>.</summary>
    public static string NameOf(Guid upload) => $"{Mark}{upload:n}.tgz";

    public string PathOf(Guid upload) => Path.Combine(data.Uploads, NameOf(upload));

    public bool Exists(Guid upload) => disk.Exists(PathOf(upload));

    /// <summary>Takes all of <paramref name="body"/>; an upload that is there already is refused, since somebody may be building it.</summary>
    public async Task ReceiveAsync(Guid upload, Stream body, CancellationToken ct)
    {
        if (Exists(upload))
            throw Refuse.Conflict("Something was uploaded to this address before. Ask for a new one.");
        Directory.CreateDirectory(data.Uploads);
        var part = Path.Combine(data.Uploads, $"{Mark}{Guid.NewGuid():n}.part");
        try
        {
            await CopyAsync(body, part, ct);
            CrashGate.Pass("upload.written");
            disk.Link(part, PathOf(upload));
        }
        catch (IOException) when (Exists(upload))
        {
            throw Refuse.Conflict("Something was uploaded to this address before. Ask for a new one.");
        }
        finally
        {
            disk.Unlink(part);
        }

        disk.SyncFolder(data.Uploads);
    }

    /// <summary>A second name for an upload, for a build that removes its tarball at the end. Answers its path.</summary>
    public string CopyFor(Guid upload)
    {
        var path = FileForBuild();
        disk.Link(PathOf(upload), path);
        disk.SyncFolder(data.Uploads);
        return path;
    }

    /// <summary>A path for a tarball that is a build's alone, with nothing there yet.</summary>
    public string FileForBuild()
    {
        Directory.CreateDirectory(data.Uploads);
        return Path.Combine(data.Uploads, $"{BuildMark}{Guid.CreateVersion7():n}.tgz");
    }

    public void Remove(Guid upload) => disk.Unlink(PathOf(upload));

    /// <summary>Before anyone is served: a tarball that was taken for a build or a setup whose row was never made goes, and what was half received or half packed.</summary>
    public override async Task StartAsync(CancellationToken cancellationToken)
    {
        var named = (await builds.SourceFilesAsync(cancellationToken)).Concat(await setups.SourceFilesAsync(cancellationToken)).ToHashSet(StringComparer.Ordinal);
        foreach (var name in disk.List(data.Uploads).Where(n => IsLeft(n) && !named.Contains(n)))
        {
            disk.Unlink(Path.Combine(data.Uploads, name));
            LogLeft(name);
        }
        await base.StartAsync(cancellationToken);

        static bool IsLeft(string name) => name.StartsWith(BuildMark, StringComparison.Ordinal)
            || (name.StartsWith(Mark, StringComparison.Ordinal) && (name.EndsWith(".part", StringComparison.Ordinal) || name.EndsWith(".tar", StringComparison.Ordinal)));
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            Sweep();
            await Task.Delay(SweepEvery, clock, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    internal void Sweep()
    {
        var oldest = clock.GetUtcNow() - KeptFor;
        foreach (var name in disk.List(data.Uploads).Where(n => n.StartsWith(Mark, StringComparison.Ordinal)))
        {
            var path = Path.Combine(data.Uploads, name);
            if (File.GetLastWriteTimeUtc(path) >= oldest.UtcDateTime)
                continue;
            disk.Unlink(path);
            LogSwept(name);
        }
    }

    private async Task CopyAsync(Stream body, string path, CancellationToken ct)
    {
        using var file = disk.Create(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead);
        var total = 0L;
        var buffer = new byte[128 * 1024];
        while (await body.ReadAsync(buffer, ct) is > 0 and var read)
        {
            if ((total += read) > MaxBytes)
                throw Refuse.TooLarge($"An upload may have {MaxBytes >> 20} MB.");
            file.Write(buffer.AsSpan(0, read));
        }

        file.Sync();
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Removed {Name}, which a server that died had begun with")]
    private partial void LogLeft(string name);

    [LoggerMessage(Level = LogLevel.Information, Message = "Removed {Name}, which nobody used for a day")]
    private partial void LogSwept(string name);
}
