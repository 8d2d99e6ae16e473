using Microsoft.Data.Sqlite;

namespace Sluice.Storage;

/// <summary>What SQLite's result codes mean for us. <see href="https://www.sqlite.org/rescode.html"/></summary>
internal static class SqliteFailure
{
    private const int Busy = 5, NoMemory = 7, ReadOnly = 8, IoError = 10, Corrupt = 11, Full = 13, CannotOpen = 14, NotADatabase = 26;
    private const int SharedMemorySize = IoError | (19 << 8);   // the index of the WAL could not grow: a full disk, not a failing one
    private const int ForeignKey = 787, PrimaryKey = 1555, Unique = 2067, Check = 275, NotNull = 1299;

    public static bool IsFull(SqliteException e) => e.SqliteErrorCode == Full || e.SqliteExtendedErrorCode == SharedMemorySize;

    public static bool IsBusy(SqliteException e) => e.SqliteErrorCode == Busy;

    /// <summary>The disk or the file is not what it was: nothing may be written any more.</summary>
    public static bool IsFatal(SqliteException e) =>
        !IsFull(e) && e.SqliteErrorCode is IoError or Corrupt or NotADatabase or ReadOnly or CannotOpen;

    public static bool EndsTransaction(SqliteException e) => IsFull(e) || IsFatal(e) || e.SqliteErrorCode == NoMemory;

    public static ConstraintException? AsConstraint(SqliteException e) => e.SqliteExtendedErrorCode switch
    {
        Unique or PrimaryKey => new ConstraintException(Constraint.Unique, TableIn(e.Message), e),
        ForeignKey => new ConstraintException(Constraint.ForeignKey, null, e),
        Check => new ConstraintException(Constraint.Check, null, e),
        NotNull => new ConstraintException(Constraint.NotNull, TableIn(e.Message), e),
        _ => null,
    };

    /// <summary>Why a file could not be opened, as one sentence; null when it is something else.</summary>
    public static RefusedException? AsRefusal(SqliteException e, string path) => e switch
    {
        _ when IsFull(e) => FullDisk(path),
        { SqliteErrorCode: ReadOnly or CannotOpen or 3 } => NotWritable(path),
        { SqliteErrorCode: NotADatabase or Corrupt } => Refuse.Unavailable($"{path} is not an intact SQLite database: restore it from a backup."),
        { SqliteErrorCode: Busy } => Refuse.Unavailable($"Another program holds the lock of {path}: stop it and try again."),
        _ => null,
    };

    public static RefusedException FullDisk(string path) =>
        Refuse.Unavailable($"The disk that holds {Path.GetDirectoryName(path)} is full: nothing was changed; free some space and try again.");

    public static RefusedException NotWritable(string path) =>
        Refuse.Unavailable($"Sluice cannot write {path}: give the file and its folder to the user that Sluice runs as, or choose another folder with --data.");

    /// <summary><c>… UNIQUE constraint failed: apps.name …</c></summary>
    private static string? TableIn(string message)
    {
        const string Before = "constraint failed: ";
        var start = message.IndexOf(Before, StringComparison.Ordinal);
        if (start < 0)
            return null;
        start += Before.Length;
        var end = message.IndexOf('.', start);
        return end < 0 ? null : message[start..end];
    }
}
