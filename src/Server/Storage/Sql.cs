using System.Runtime.CompilerServices;
using System.Text;
using System.Text.RegularExpressions;

namespace Sluice.Storage;

/// <summary>
/// SQL text with its parameters. Written as an interpolated string, each hole becomes a parameter, so tenant text can never
/// become SQL: <c>$"SELECT id FROM apps WHERE name = {name}"</c>. Ids travel as text, times as Unix microseconds, booleans as 0 and 1.
/// A hole that holds another <see cref="Sql"/> becomes its text, with its parameters.
/// </summary>
[InterpolatedStringHandler]
public readonly partial struct Sql
{
    private readonly StringBuilder text;
    private readonly List<object?> values;

    public Sql(int literalLength, int formattedCount)
    {
        text = new StringBuilder(literalLength + (formattedCount * 4));
        values = new List<object?>(formattedCount);
    }

    public string Text => text.ToString();

    public IReadOnlyList<object?> Values => values;

    /// <summary>The text without the values, which may be secret.</summary>
    public override string ToString() => Text;

    public void AppendLiteral(string s) => text.Append(s);

    public void AppendFormatted<T>(T value)
    {
        text.Append("@p").Append(values.Count);
        values.Add(ToStored(value));
    }

    public void AppendFormatted(Sql part)
    {
        var first = values.Count;
        text.Append(Parameter().Replace(part.Text, name => $"@p{first + int.Parse(name.ValueSpan[2..])}"));
        values.AddRange(part.Values);
    }

    /// <summary><c>(a, b, c)</c>, for behind an IN. Not of none: <c>IN ()</c> is not SQL.</summary>
    public static Sql In<T>(IReadOnlyList<T> ids)
        where T : struct, IId
    {
        if (ids.Count == 0)
            throw new ArgumentException("Ask for at least one.", nameof(ids));
        var list = new Sql(0, ids.Count);
        for (var i = 0; i < ids.Count; i++)
        {
            list.AppendLiteral(i == 0 ? "(" : ", ");
            list.AppendFormatted(ids[i]);
        }

        list.AppendLiteral(")");
        return list;
    }

    /// <summary>A word of ours as it stands, such as a column's name: never anything that came from outside.</summary>
    public static Sql Literal(string word)
    {
        var sql = new Sql(word.Length, 0);
        sql.AppendLiteral(word);
        return sql;
    }

    /// <summary>A part of a statement, to be a hole of another.</summary>
    public static Sql Part(Sql sql) => sql;

    private static object? ToStored(object? value) => value switch
    {
        null => null,
        IId id => id.Value.ToString(),
        Guid guid => guid.ToString(),
        SlugDigest digest => digest.Hex,
        DateTimeOffset time => Micros(time),
        bool yes => yes ? 1 : 0,
        Enum e => throw new ArgumentException($"Store the word, not the enum {e.GetType().Name}.", nameof(value)),
        _ => value,
    };

    public static long Micros(DateTimeOffset time) => (time.UtcTicks - DateTimeOffset.UnixEpoch.Ticks) / 10;

    public static DateTimeOffset FromMicros(long micros) => DateTimeOffset.UnixEpoch.AddTicks(micros * 10);

    [GeneratedRegex("@p[0-9]+")]
    private static partial Regex Parameter();
}
