using System.Security.Cryptography;
using System.Text.RegularExpressions;

namespace Sluice.Apps;

/// <summary>Rules for app names, which are host names as well.</summary>
public static partial class AppName
{
    public const int MaxLength = 30;

    private static readonly string[] Moods =
    [
        "brave", "bright", "calm", "clear", "cool", "deep", "early", "fair", "fresh", "gentle", "golden", "green",
        "keen", "late", "light", "mild", "noble", "pale", "quick", "quiet", "rapid", "silent", "still", "swift", "warm", "wide",
    ];

    private static readonly string[] Waters =
    [
        "basin", "bay", "beck", "brook", "canal", "cascade", "cove", "creek", "current", "delta", "fjord", "ford",
        "harbor", "inlet", "lagoon", "lake", "lock", "marsh", "mill", "pond", "rapids", "reef", "river", "spring", "stream", "tide", "weir",
    ];

    /// <summary>What is wrong with a name, a sentence each; none when it is good.</summary>
    public static IEnumerable<string> Faults(string name)
    {
        if (name.Length is < 3 or > MaxLength)
            yield return $"An app's name has 3 to {MaxLength} characters; this one has {name.Length}.";
        if (!Letters().IsMatch(name))
            yield return "An app's name starts with a letter, ends with a letter or digit, and has only lower-case letters, digits and dashes.";
        if (name == "localhost")
            yield return "The name localhost is taken by Sluice itself.";
        if (Guid.TryParse(name, out _))
            yield return "An app's name may not look like an id.";
    }

    /// <summary>A name for an app that was given none: <c>calm-river-12345</c>.</summary>
    public static string Generate() =>
        $"{Moods[RandomNumberGenerator.GetInt32(Moods.Length)]}-{Waters[RandomNumberGenerator.GetInt32(Waters.Length)]}-{RandomNumberGenerator.GetInt32(10_000, 100_000)}";

    [GeneratedRegex(@"\A[a-z](?:[a-z0-9-]*[a-z0-9])?\z")]
    private static partial Regex Letters();
}
