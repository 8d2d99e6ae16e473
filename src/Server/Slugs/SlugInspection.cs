namespace Sluice.Slugs;

/// <summary>Looks at a kept slug: at every byte of it, or only at what the file system says of its files.</summary>
internal static class SlugInspection
{
    /// <summary>Paths whose content is not what the manifest says, by hashing it.</summary>
    public static IEnumerable<string> Damaged(ObjectStore objects, SlugManifest manifest, CancellationToken ct)
    {
        var buffer = new byte[TreeWalk.BufferBytes];
        var seen = new HashSet<ObjectName>();
        foreach (var entry in manifest.Entries)
        {
            ct.ThrowIfCancellationRequested();
            if (entry.HasObject && seen.Add(entry.Object) && objects.Check(entry.Object, buffer) != true)
                yield return Name.Show(entry.Path);
        }
    }

    /// <summary>Reads the manifest and looks at the name of each object; null when nothing is amiss, else the rest of a sentence that begins with "its slug".</summary>
    public static string? Lack(ObjectStore objects, SlugDigest slug, string manifestPath, CancellationToken ct)
    {
        if (!File.Exists(manifestPath))
            return "is not on this machine";
        var text = File.ReadAllBytes(manifestPath);
        if (SlugDigest.Of(text) != slug)
            return "is damaged on this machine: its manifest does not match its digest";
        foreach (var entry in SlugManifest.Parse(text).Entries)
        {
            ct.ThrowIfCancellationRequested();
            if (entry.HasObject && !objects.LooksWhole(entry))
                return $"is damaged on this machine at {Name.Show(entry.Path)}";
        }
        return null;
    }
}
