using System.Net.Sockets;
using Npgsql;

namespace Sluice.Storage;

/// <summary>What PostgreSQL's error codes mean for us. <see href="https://www.postgresql.org/docs/15/errcodes-appendix.html"/></summary>
internal static class PostgresFailure
{
    /// <summary>Another transaction was in the way; this one was rolled back and may be tried again.</summary>
    public static bool IsConflict(Exception e) => e is PostgresException { SqlState: PostgresErrorCodes.SerializationFailure or PostgresErrorCodes.DeadlockDetected };

    /// <summary>An answer to COMMIT that does not say whether it happened.</summary>
    public static bool LeavesCommitOpen(NpgsqlException e) =>
        e is PostgresException { SqlState: PostgresErrorCodes.AdminShutdown or PostgresErrorCodes.CrashShutdown or PostgresErrorCodes.TransactionResolutionUnknown };

    public static ConstraintException? AsConstraint(PostgresException e) => e.SqlState switch
    {
        PostgresErrorCodes.UniqueViolation => new ConstraintException(Constraint.Unique, e.TableName, e),
        PostgresErrorCodes.ForeignKeyViolation => new ConstraintException(Constraint.ForeignKey, e.TableName, e),
        PostgresErrorCodes.CheckViolation => new ConstraintException(Constraint.Check, e.TableName, e),
        PostgresErrorCodes.NotNullViolation => new ConstraintException(Constraint.NotNull, e.TableName, e),
        _ => null,
    };

    /// <summary>For what is the database's trouble and not ours; null for the rest. Never for a commit whose outcome is open.</summary>
    public static RefusedException? AsRefusal(NpgsqlException e) => e switch
    {
        PostgresException { SqlState: PostgresErrorCodes.DiskFull } =>
            Refuse.Unavailable("The disk of the database is full: nothing was changed; free some space and try again."),
        PostgresException { SqlState: PostgresErrorCodes.CharacterNotInRepertoire or PostgresErrorCodes.UntranslatableCharacter } =>
            Refuse.Invalid("Text must not contain NUL characters."),
        PostgresException { SqlState: PostgresErrorCodes.InvalidPassword or PostgresErrorCodes.InvalidAuthorizationSpecification or PostgresErrorCodes.InvalidCatalogName } p =>
            Refuse.Unavailable($"The database in SLUICE_DATABASE_URL does not let Sluice in: {p.MessageText}."),
        PostgresException
        {
            SqlState: PostgresErrorCodes.AdminShutdown or PostgresErrorCodes.CrashShutdown or PostgresErrorCodes.CannotConnectNow
            or PostgresErrorCodes.TooManyConnections or PostgresErrorCodes.ReadOnlySqlTransaction
        } => Away,
        PostgresException => null,
        { InnerException: IOException or SocketException or TimeoutException } => Away,
        _ => null,
    };

    private static RefusedException Away => Refuse.Unavailable("The database does not answer: nothing was changed; try again in a moment.");
}
