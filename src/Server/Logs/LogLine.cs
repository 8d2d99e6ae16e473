using System.Globalization;

namespace Sluice.Logs;

/// <summary>
/// One line of an app's log. <paramref name="Seq"/> is 1, 2, 3 … per app (the <c>id</c> of a server-sent event); <paramref name="Source"/> is <c>app</c> (what
/// the app printed, and what was done to it through the API, as dyno <c>api</c>) or <c>heroku</c> (what the platform says). The text is one clean line: see <see cref="LogText"/>.
/// </summary>
public sealed record LogLine(long Seq, DateTimeOffset At, string Source, string Dyno, string Text)
{
    /// <summary>The text with its colours (<see cref="LogText.Coloured"/>); null when it has none. For readers that turn them into something of their own.</summary>
    public string? Coloured { get; init; }

    /// <summary>As it is kept on disk: like <see cref="ToString"/>, with its colours.</summary>
    internal string Kept => Form(Coloured ?? Text);

    private const string TimeForm = "yyyy-MM-dd'T'HH:mm:ss.ffffffzzz";

    /// <summary>Heroku's form: <c>2026-01-02T03:04:05.678901+00:00 app[web.1]: text</c>.</summary>
    public override string ToString() => Form(Text);

    /// <summary>The reverse of <see cref="ToString"/> and of what is kept; null for anything else.</summary>
    public static LogLine? Parse(long seq, string text)
    {
        var (space, open, close) = (text.IndexOf(' '), text.IndexOf('['), text.IndexOf("]: ", StringComparison.Ordinal));
        return space > 0 && open > space && close > open
            && DateTimeOffset.TryParseExact(text[..space], TimeForm, CultureInfo.InvariantCulture, DateTimeStyles.None, out var at)
            ? Of(seq, at, text[(space + 1)..open], text[(open + 1)..close], text[(close + 3)..])
            : null;
    }

    /// <summary>A line of what was printed: made safe to show.</summary>
    internal static LogLine Of(long seq, DateTimeOffset at, string source, string dyno, string printed) =>
        new(seq, at, source, dyno, LogText.Clean(printed)) { Coloured = LogText.Coloured(printed) };

    private string Form(string text) =>
        string.Create(CultureInfo.InvariantCulture, $"{At.ToUniversalTime().ToString(TimeForm, CultureInfo.InvariantCulture)} {Source}[{Dyno}]: {text}");
}

/// <summary>Which lines someone wants; null means any. <paramref name="Dyno"/> is one dyno (<c>web.1</c>) or all of a process type (<c>web</c>).</summary>
public sealed record LogFilter(string? Source = null, string? Dyno = null)
{
    public static readonly LogFilter All = new();

    public bool Lets(LogLine line) => (Source is null || Source == line.Source) && (Dyno is null || Dyno == line.Dyno || IsTypeOf(line.Dyno));

    private bool IsTypeOf(string dyno) => dyno.Length > Dyno!.Length && dyno[Dyno.Length] == '.' && dyno.StartsWith(Dyno, StringComparison.Ordinal);
}
