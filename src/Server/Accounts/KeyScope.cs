using System.Collections.Immutable;

namespace Sluice.Accounts;

/// <summary>How far a request reaches; a key's scope says which it may make.</summary>
public enum Reach
{
    /// <summary>Who am I.</summary>
    Identity,

    /// <summary>Looks at apps, pipelines, logs; not at config vars.</summary>
    Read,

    /// <summary>Looks at config vars.</summary>
    ReadProtected,

    /// <summary>Changes apps and pipelines, pushes; not config vars.</summary>
    Write,

    /// <summary>Changes config vars.</summary>
    WriteProtected,

    /// <summary>Touches the account itself: its keys and features. Else a smaller key could make itself a greater one.</summary>
    Account,
}

/// <summary>
/// What a key may do beyond what its account may: Heroku's words (https://devcenter.heroku.com/articles/oauth#scopes). Several add up.
/// </summary>
public sealed record KeyScope
{
    public static readonly KeyScope Global = new(["global"]);

    private static readonly ImmutableDictionary<string, ImmutableArray<Reach>> Known = new Dictionary<string, ImmutableArray<Reach>>
    {
        ["global"] = [.. Enum.GetValues<Reach>()],
        ["identity"] = [Reach.Identity],
        ["read"] = [Reach.Identity, Reach.Read],
        ["read-protected"] = [Reach.Identity, Reach.Read, Reach.ReadProtected],
        ["write"] = [Reach.Identity, Reach.Read, Reach.Write],
        ["write-protected"] = [Reach.Identity, Reach.Read, Reach.ReadProtected, Reach.Write, Reach.WriteProtected],
    }.ToImmutableDictionary(StringComparer.Ordinal);

    private KeyScope(ImmutableArray<string> words) => Words = words;

    /// <summary>At least one; sorted.</summary>
    public ImmutableArray<string> Words { get; }

    /// <summary>As it is stored: <c>read,write-protected</c>. A word of a newer Sluice allows nothing.</summary>
    public static KeyScope Of(string stored) => new([.. stored.Split(',')]);

    /// <summary>None given means all; a sentence for each word that is no scope.</summary>
    public static KeyScope Parse(IReadOnlyList<string> words, Action<string> fault)
    {
        foreach (var unknown in words.Where(word => !Known.ContainsKey(word)))
            fault($"There is no scope {(unknown.Length <= 40 ? unknown : unknown[..37] + "...")}; there is {string.Join(", ", Known.Keys.Order(StringComparer.Ordinal))}.");
        return words.Count == 0 ? Global : new([.. words.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)]);
    }

    public bool Allows(Reach reach) => Words.Any(word => Known.TryGetValue(word, out var reaches) && reaches.Contains(reach));

    /// <summary>Refuses what it does not allow, with what would.</summary>
    public void Demand(Reach reach)
    {
        if (Allows(reach))
            return;
        var enough = Known.Where(k => k.Value.Contains(reach)).Select(k => k.Key).Order(StringComparer.Ordinal);
        throw Refuse.Forbidden($"This key's scope is {this}, which does not allow this. Use a key of scope {string.Join(" or ", enough)}.");
    }

    public bool Equals(KeyScope? other) => other is not null && Words.SequenceEqual(other.Words);

    public override int GetHashCode() => ToString().GetHashCode(StringComparison.Ordinal);

    public override string ToString() => string.Join(',', Words);
}
