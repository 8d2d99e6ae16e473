namespace Sluice.Storage;

/// <summary>Opens the records at start, says what SQLite this is when it needs care, and ends the server when the disk under them failed.</summary>
internal sealed partial class StorageWatch(Db db, IHostApplicationLifetime server, ILogger<StorageWatch> log) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (db is SqliteDb && SqliteFloor.Care() is { } care)
            LogCare(care);
        var failure = await db.Broken.WaitAsync(stoppingToken);
        LogBroken(failure);
        Environment.ExitCode = 1;
        server.StopApplication();
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "{Care}")]
    private partial void LogCare(string care);

    [LoggerMessage(Level = LogLevel.Critical, Message = "Stopping: the records can no longer be written")]
    private partial void LogBroken(Exception failure);
}
