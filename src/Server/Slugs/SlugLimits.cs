namespace Sluice.Slugs;

/// <summary>What a slug may hold. Refusals are in the words that Heroku's users know.</summary>
/// <param name="MaxBytes">Of content, equal files counted each time.</param>
/// <param name="MaxFiles">Files, links and folders.</param>
internal sealed record SlugLimits(long MaxBytes, int MaxFiles)
{
    public static readonly SlugLimits Default = new(1L << 30, 250_000);

    private const double Megabyte = 1L << 20, Gigabyte = 1L << 30;

    public static SlugLimits OfMb(long megabytes) => Default with { MaxBytes = megabytes << 20 };

    /// <summary>Most bytes that an archive may unpack to, its own headers included.</summary>
    public long MaxArchive => MaxBytes + (MaxFiles * 4096L);

    public void CheckBytes(long bytes)
    {
        if (bytes > MaxBytes)
            throw Refuse.TooLarge($"Compiled slug size: {Size(bytes)} is too large (max is {Size(MaxBytes)}). Name what it need not hold in .slugignore, or ask an administrator: sluice quotas:set slug-mb=N.");
    }

    public void CheckFiles(int files)
    {
        if (files > MaxFiles)
            throw Refuse.TooLarge($"The slug has more than {MaxFiles:#,0} files, which is the most that one can hold.");
    }

    public void CheckArchive(long bytes)
    {
        if (bytes > MaxArchive)
            throw Refuse.TooLarge($"The archive unpacks to more than {MaxArchive / Gigabyte:0.0}G, which is more than any slug can hold.");
    }

    /// <summary>Rounded up, so that what is too large is never shown as what is not.</summary>
    private static string Size(long bytes) =>
        bytes >= Gigabyte ? FormattableString.Invariant($"{Math.Ceiling(bytes / Gigabyte * 10) / 10:0.#}G") : FormattableString.Invariant($"{Math.Ceiling(bytes / Megabyte * 10) / 10:0.#}M");
}
