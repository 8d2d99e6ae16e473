namespace Sluice.Storage;

/// <summary>Which promise of the schema a change would have broken.</summary>
public enum Constraint
{
    Unique,
    ForeignKey,
    Check,
    NotNull,
}

/// <summary>
/// A change would have broken a promise of the schema, the same on both databases. Let it leave the job (PostgreSQL accepts nothing more in
/// that transaction) and catch it around <c>WriteAsync</c> where it means something to a person: a name that is taken.
/// </summary>
public sealed class ConstraintException(Constraint constraint, string? table, Exception inner)
    : Exception($"A {constraint} constraint{(table is null ? "" : " of " + table)} does not allow this change.", inner)
{
    public Constraint Constraint { get; } = constraint;

    /// <summary>Null where the database does not say (SQLite, for foreign keys).</summary>
    public string? Table { get; } = table;
}

/// <summary>
/// The disk failed under the records (a failed write or sync). What was acknowledged is safe, what was not may be half written, so nothing more is
/// accepted: the process must end and recover from the log. Never tried again, since after a failed sync the kernel may have dropped the pages.
/// </summary>
public sealed class StorageBrokenException(string file, Exception inner)
    : Exception($"The disk failed under {file}: Sluice takes no more changes until it is restarted. Check the disk first.", inner);

/// <summary>
/// The connection broke while a change was being committed and the database could not be asked since. Look whether the
/// change is there before doing it again.
/// </summary>
public sealed class UnknownOutcomeException(string what, Exception inner)
    : Exception($"The database went away during {what}: it may or may not have happened.", inner);
