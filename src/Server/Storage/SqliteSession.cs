using System.Collections.Immutable;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace Sluice.Storage;

/// <summary>
/// One SQLite connection with its prepared commands, used by one thread at a time. Every connection is opened with the same settings, since
/// they hold per connection: no checkpoint of its own, foreign keys checked, a sync per commit, no code from the schema trusted.
/// </summary>
internal sealed class SqliteSession : Tx, IDisposable
{
    private const int KeptCommands = 256, PagesWritten = 9 /* SQLITE_DBSTATUS_CACHE_WRITE */;

    private readonly SqliteConnection connection;
    private readonly Dictionary<string, SqliteCommand> commands = new(StringComparer.Ordinal);

    private SqliteSession(SqliteConnection connection) => this.connection = connection;

    /// <summary>The failure that ended the open transaction whatever the job made of it (full disk, failed disk); null when all is well.</summary>
    public SqliteException? Ended { get; set; }

    public bool InTransaction => raw.sqlite3_get_autocommit(connection.Handle!) == 0;

    public static SqliteSession Open(string path, bool readOnly)
    {
        var text = new SqliteConnectionStringBuilder
        {
            DataSource = path, Mode = SqliteOpenMode.ReadWrite, Pooling = false, ForeignKeys = true, DefaultTimeout = 5,
        };
        var session = new SqliteSession(new SqliteConnection(text.ToString()));
        try
        {
            session.connection.Open();
            session.Run("PRAGMA journal_mode = WAL");
            session.Run("PRAGMA synchronous = FULL");
            session.Run("PRAGMA wal_autocheckpoint = 0");
            session.Run("PRAGMA trusted_schema = OFF");
            if (readOnly)
                session.Run("PRAGMA query_only = ON");
            return session;
        }
        catch
        {
            session.Dispose();
            throw;
        }
    }

    /// <summary>Fixed text without parameters: <c>BEGIN IMMEDIATE</c>, pragmas, migrations.</summary>
    public void Run(string text)
    {
        using var command = connection.CreateCommand();
        command.CommandText = text;
        command.ExecuteNonQuery();
    }

    public override int Execute(Sql sql) => Guard(() => Prepare(sql).ExecuteNonQuery());

    public override T? Find<T>(Sql sql, Func<Row, T> read)
        where T : default => Guard(() =>
    {
        using var reader = Prepare(sql).ExecuteReader();
        return reader.Read() ? read(new Row(reader)) : default;
    });

    public override ImmutableArray<T> List<T>(Sql sql, Func<Row, T> read) => Guard(() =>
    {
        using var reader = Prepare(sql).ExecuteReader();
        var rows = ImmutableArray.CreateBuilder<T>();
        while (reader.Read())
            rows.Add(read(new Row(reader)));
        return rows.DrainToImmutable();
    });

    public override void LockApp(AppId app)
    {
        // One writer: the transaction itself is the lock.
    }

    /// <summary>Pages written through this connection since the last question.</summary>
    public long TakePagesWritten()
    {
        raw.sqlite3_db_status(connection.Handle!, PagesWritten, out var pages, out _, 1);
        return pages;
    }

    public void Dispose()
    {
        foreach (var command in commands.Values)
            command.Dispose();
        connection.Dispose();
    }

    private SqliteCommand Prepare(Sql sql)
    {
        var text = sql.Text;
        if (!commands.TryGetValue(text, out var command))
        {
            if (commands.Count >= KeptCommands)
                Forget();
            command = connection.CreateCommand();
            command.CommandText = text;
            for (var i = 0; i < sql.Values.Count; i++)
                command.Parameters.Add(new SqliteParameter { ParameterName = "@p" + i });
            commands.Add(text, command);
        }
        for (var i = 0; i < sql.Values.Count; i++)
        {
            command.Parameters[i].ResetSqliteType();
            command.Parameters[i].Value = sql.Values[i] ?? DBNull.Value;
        }
        return command;
    }

    private void Forget()
    {
        foreach (var command in commands.Values)
            command.Dispose();
        commands.Clear();
    }

    private T Guard<T>(Func<T> work)
    {
        try
        {
            return work();
        }
        catch (SqliteException e)
        {
            if (SqliteFailure.EndsTransaction(e))
                Ended = e;
            throw SqliteFailure.AsConstraint(e) ?? (Exception)e;
        }
    }
}
