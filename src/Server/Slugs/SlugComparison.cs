using System.Collections.Immutable;
using System.Text;

namespace Sluice.Slugs;

/// <summary>What differs between two slugs, by path, each list sorted.</summary>
public sealed record SlugComparison(ImmutableArray<string> Added, ImmutableArray<string> Removed, ImmutableArray<string> Changed)
{
    public bool IsSame => Added.IsEmpty && Removed.IsEmpty && Changed.IsEmpty;

    /// <summary>A merge of two sorted lists.</summary>
    internal static SlugComparison Of(SlugManifest before, SlugManifest after)
    {
        var added = ImmutableArray.CreateBuilder<string>();
        var removed = ImmutableArray.CreateBuilder<string>();
        var changed = ImmutableArray.CreateBuilder<string>();
        for (int i = 0, j = 0; i < before.Entries.Length || j < after.Entries.Length;)
        {
            var order = i == before.Entries.Length ? 1
                : j == after.Entries.Length ? -1
                : before.Entries[i].Path.AsSpan().SequenceCompareTo(after.Entries[j].Path);
            if (order < 0)
            {
                removed.Add(PathOf(before.Entries[i++]));
            }
            else if (order > 0)
            {
                added.Add(PathOf(after.Entries[j++]));
            }
            else
            {
                if (!before.Entries[i].SameContent(after.Entries[j]))
                    changed.Add(PathOf(after.Entries[j]));
                i++;
                j++;
            }
        }
        return new(added.DrainToImmutable(), removed.DrainToImmutable(), changed.DrainToImmutable());
    }

    private static string PathOf(SlugEntry entry) => Encoding.UTF8.GetString(entry.Path);
}
