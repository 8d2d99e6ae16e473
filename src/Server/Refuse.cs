namespace Sluice;

/// <summary>Why a request was refused; each has one HTTP status at the edge.</summary>
public enum RefusalKind
{
    /// <summary>400</summary>
    BadRequest,

    /// <summary>401</summary>
    Unauthorized,

    /// <summary>403</summary>
    Forbidden,

    /// <summary>404; also for what exists but belongs to someone else.</summary>
    NotFound,

    /// <summary>409</summary>
    Conflict,

    /// <summary>413</summary>
    TooLarge,

    /// <summary>422</summary>
    Invalid,

    /// <summary>429</summary>
    TooMany,

    /// <summary>503</summary>
    Unavailable,
}

/// <summary>The one exception for "no": its message is a sentence for a person, its kind is for machines. Caught once, at the edge.</summary>
public sealed class RefusedException(RefusalKind kind, string message, string? resource = null) : Exception(message)
{
    public RefusalKind Kind { get; } = kind;

    /// <summary>For <see cref="RefusalKind.NotFound"/>, what was looked for (<c>app</c>); null otherwise.</summary>
    public string? Resource { get; } = resource;
}

/// <summary>Makes refusals: <c>throw Refuse.NotFound("app", name)</c>.</summary>
public static class Refuse
{
    public static RefusedException NotFound(string what, string name) =>
        new(RefusalKind.NotFound, $"Couldn't find that {what}: {(name.Length <= 100 ? name : name[..97] + "...")}.", what);

    public static RefusedException Invalid(string sentence) => new(RefusalKind.Invalid, sentence);

    /// <summary>All faults of one input together, a sentence each; of very many the first, and how many more there are.</summary>
    public static RefusedException Invalid(IEnumerable<string> sentences)
    {
        const int Most = 25, Longest = 600;
        var all = sentences.ToArray();
        var told = all.Take(Most).Select(s => s.Length <= Longest ? s : s[..(Longest - 3)] + "...");
        return new(RefusalKind.Invalid, string.Join(' ', all.Length <= Most ? told : told.Append($"And {all.Length - Most} more.")));
    }

    public static RefusedException BadRequest(string sentence) => new(RefusalKind.BadRequest, sentence);

    public static RefusedException Unauthorized(string sentence) => new(RefusalKind.Unauthorized, sentence);

    public static RefusedException Forbidden(string sentence) => new(RefusalKind.Forbidden, sentence);

    public static RefusedException Conflict(string sentence) => new(RefusalKind.Conflict, sentence);

    public static RefusedException TooLarge(string sentence) => new(RefusalKind.TooLarge, sentence);

    public static RefusedException TooMany(string sentence) => new(RefusalKind.TooMany, sentence);

    public static RefusedException Unavailable(string sentence) => new(RefusalKind.Unavailable, sentence);
}
