using SQLitePCL;

namespace Sluice.Storage;

/// <summary>
/// SQLite before 3.50.7 (and 3.51.0 to 3.51.2) can, when two connections write and checkpoint at the same instant, restart the WAL under a checkpoint and lose
/// commits. One process, one writer and checkpoints from the writer alone cannot meet it; that mode is always on, this says why.
/// </summary>
internal static class SqliteFloor
{
    /// <summary>One line for the log, or null when the native library is outside the range.</summary>
    public static string? Care() => Care(Version.Parse(raw.sqlite3_libversion().utf8_to_string()));

    public static string? Care(Version sqlite) => IsAffected(sqlite)
        ? $"SQLite {sqlite} has the WAL-reset defect (fixed in 3.50.7 and 3.51.3): Sluice keeps to one writer that alone checkpoints, which does not meet it"
        : null;

    private static bool IsAffected(Version sqlite) =>
        sqlite < new Version(3, 50, 7) || (sqlite >= new Version(3, 51, 0) && sqlite < new Version(3, 51, 3));
}
