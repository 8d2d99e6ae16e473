using System.Collections.Immutable;
using System.Globalization;
using System.Reflection;

namespace Sluice.Storage;

/// <summary>
/// One numbered step of the schema, from <c>Migrations/NNNN_name.sql</c> inside the binary. Never edited once landed; the two
/// databases differ only by the words that <see cref="Dialect"/> puts in.
/// </summary>
internal sealed record Migration(int Version, string Name, string Text)
{
    private const string Folder = "Sluice.Storage.Migrations.";

    /// <summary>All of them in order, without gaps.</summary>
    public static ImmutableArray<Migration> All(Dialect dialect)
    {
        var assembly = typeof(Migration).Assembly;
        ImmutableArray<Migration> all =
        [
            .. assembly.GetManifestResourceNames()
                .Where(name => name.StartsWith(Folder, StringComparison.Ordinal))
                .Select(name => Read(assembly, name, dialect))
                .OrderBy(m => m.Version),
        ];
        for (var i = 0; i < all.Length; i++)
        {
            if (all[i].Version != i + 1)
                throw new InvalidOperationException($"Migration {i + 1} is missing or there twice (found {all[i].Name}).");
        }
        return all;
    }

    /// <summary>What a database at <paramref name="version"/> still needs.</summary>
    /// <exception cref="RefusedException">It was written by a newer Sluice.</exception>
    public static ImmutableArray<Migration> After(int version, ImmutableArray<Migration> all)
    {
        if (version > all.Length)
        {
            throw Refuse.Unavailable(
                $"The database has schema {version} but this Sluice knows only {all.Length}: start the newer version that wrote it, or restore a backup.");
        }
        return all[version..];
    }

    private static Migration Read(Assembly assembly, string resource, Dialect dialect)
    {
        using var reader = new StreamReader(assembly.GetManifestResourceStream(resource)!);
        var name = resource[Folder.Length..^".sql".Length];
        var version = int.Parse(name.Split('_')[0], CultureInfo.InvariantCulture);
        return new Migration(version, name, dialect.Say(reader.ReadToEnd()));
    }
}

/// <summary>The words in which the two databases' schemas differ.</summary>
internal sealed record Dialect(string Blob, string Serial)
{
    public static readonly Dialect Sqlite = new("BLOB", "INTEGER PRIMARY KEY AUTOINCREMENT");
    public static readonly Dialect Postgres = new("BYTEA", "BIGSERIAL PRIMARY KEY");

    /// <summary>The table that remembers which migrations ran.</summary>
    public const string History =
        "CREATE TABLE IF NOT EXISTS schema_migrations (version INTEGER PRIMARY KEY, name TEXT NOT NULL, applied_at BIGINT NOT NULL)";

    public string Say(string sql) =>
        sql.Replace("{blob}", Blob, StringComparison.Ordinal).Replace("{serial}", Serial, StringComparison.Ordinal);
}
