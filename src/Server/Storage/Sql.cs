using System.Runtime.CompilerServices;
using System.Text;

namespace Sluice.Storage;

/// <summary>
/// SQL text with its parameters. Written as an interpolated string, each hole becomes a parameter, so tenant text can never
/// become SQL: <c>$"SELECT id FROM apps WHERE name = {name}"</c>. Ids travel as text, times as Unix microseconds, booleans as 0 and 1.
/// </summary>
[InterpolatedStringHandler]
public readonly struct Sql
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

    public void AppendLiteral(string s) => text.Append(s);

    public void AppendFormatted<T>(T value)
    {
        text.Append("@p").Append(values.Count);
        values.Add(ToStored(value));
    }

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
}
