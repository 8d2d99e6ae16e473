using System.Collections.Immutable;
using Npgsql;

namespace Sluice.Storage;

/// <summary>One transaction on a PostgreSQL connection, for the time of one job.</summary>
internal sealed class PostgresTx(NpgsqlConnection connection) : Tx
{
    public override int Execute(Sql sql) => Guard(() =>
    {
        using var command = Command(sql);
        return command.ExecuteNonQuery();
    });

    public override T? Find<T>(Sql sql, Func<Row, T> read)
        where T : default => Guard(() =>
    {
        using var command = Command(sql);
        using var reader = command.ExecuteReader();
        return reader.Read() ? read(new Row(reader)) : default;
    });

    public override ImmutableArray<T> List<T>(Sql sql, Func<Row, T> read) => Guard(() =>
    {
        using var command = Command(sql);
        using var reader = command.ExecuteReader();
        var rows = ImmutableArray.CreateBuilder<T>();
        while (reader.Read())
            rows.Add(read(new Row(reader)));
        return rows.DrainToImmutable();
    });

    /// <summary>Writes the row without changing it: who waited for it then fails with a conflict and starts again with a fresh look. After a mere
    /// FOR UPDATE it would go on with the old one, and give out a version twice.</summary>
    public override void LockApp(AppId app) => Execute($"UPDATE apps SET updated_at = updated_at WHERE id = {app}");

    /// <summary>Fixed text without parameters, several statements too.</summary>
    public void Run(string text)
    {
        using var command = connection.CreateCommand();
        command.CommandText = text;
        command.ExecuteNonQuery();
    }

    public static void Bind(NpgsqlCommand command, Sql sql)
    {
        for (var i = 0; i < sql.Values.Count; i++)
            command.Parameters.Add(new NpgsqlParameter("p" + i, sql.Values[i] ?? DBNull.Value));
    }

    private NpgsqlCommand Command(Sql sql)
    {
        var command = connection.CreateCommand();
        command.CommandText = sql.Text;
        Bind(command, sql);
        return command;
    }

    private static T Guard<T>(Func<T> work)
    {
        try
        {
            return work();
        }
        catch (PostgresException e) when (PostgresFailure.AsConstraint(e) is { } constraint)
        {
            throw constraint;
        }
    }
}
