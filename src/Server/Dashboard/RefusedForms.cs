using System.Collections.Immutable;
using System.Security.Cryptography;

namespace Sluice.Dashboard;

/// <summary>A form of ours, found to be sent by one of our pages; and whom that page was made for.</summary>
internal sealed record OwnForm(string Whom, IFormCollection Fields);

/// <summary>What was typed into a form that was refused, and why it was.</summary>
/// <param name="Path">Where the form was sent.</param>
/// <param name="Fields">In the order of the form; without passwords and without its token.</param>
/// <param name="Status">What the page that shows it again is answered with.</param>
public sealed record RefusedForm(string Path, ImmutableArray<KeyValuePair<string, string>> Fields, string Sentence, int Status);

/// <summary>
/// Refused forms of browsers without a script, so that the page they came from can be shown with all that was typed into it. Kept in memory, for an hour, and
/// shown to the account that typed them: no cookie, address or file has a word of them.
/// </summary>
internal sealed class RefusedForms(TimeProvider clock)
{
    /// <summary>Name of a refused form in the address of the page that shows it.</summary>
    public const string Key = "refused";

    private const int MostOfOne = 8, MostCharacters = 256 * 1024, MostCharactersOfAll = 16 * MostCharacters;

    private static readonly TimeSpan Lasts = TimeSpan.FromHours(1);

    /// <summary>Fields that nobody sees while typing.</summary>
    private static readonly ImmutableHashSet<string> Never = [FormToken.Field, "password", "now"];

    private readonly List<Kept> all = [];

    /// <summary>Null when more was typed than is kept.</summary>
    public string? Keep(OwnForm form, string path, string sentence, int status)
    {
        ImmutableArray<KeyValuePair<string, string>> fields =
            [.. form.Fields.Where(f => !Never.Contains(f.Key)).SelectMany(f => f.Value.OfType<string>().Select(value => KeyValuePair.Create(f.Key, value)))];
        var characters = fields.Sum(f => f.Key.Length + f.Value.Length);
        if (characters > MostCharacters)
            return null;
        var kept = new Kept(Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16)), form.Whom, clock.GetUtcNow() + Lasts, characters, new RefusedForm(path, fields, sentence, status));
        lock (all)
        {
            all.RemoveAll(k => k.Ends < clock.GetUtcNow());
            if (all.Count(k => k.Whom == form.Whom) >= MostOfOne)
                all.RemoveAt(all.FindIndex(k => k.Whom == form.Whom));
            while (all.Sum(k => k.Characters) + characters > MostCharactersOfAll)
                all.RemoveAt(0);
            all.Add(kept);
        }

        return kept.Id;
    }

    /// <summary>Null for whoever did not type it, and when it is over.</summary>
    public RefusedForm? Find(string whom, string id)
    {
        lock (all)
            return all.Find(k => k.Id == id && k.Whom == whom && k.Ends >= clock.GetUtcNow())?.Form;
    }

    private sealed record Kept(string Id, string Whom, DateTimeOffset Ends, int Characters, RefusedForm Form);
}
