using Sluice.Runtime;

namespace Sluice.Slugs;

/// <summary>Whether a slug's files are there before something is promised that needs them.</summary>
public sealed class SlugPresence(SlugCatalog slugs, SlugClient agent)
{
    /// <summary>Null when they are, or when the agent is away and cannot say; else the rest of a sentence that begins with "its slug", and what to do.</summary>
    public async Task<string?> LackAsync(SlugId slug, CancellationToken ct)
    {
        var known = await slugs.FindAsync(slug, ct);
        if (known is not { Digest: { } digest })
            return known?.CollectedAt is null ? "has no files yet. Upload them first." : "is no longer kept. Build it again.";
        try
        {
            return await agent.LackAsync(digest, ct) is { } damage ? $"{damage}. Build it again, or restore the data folder from a backup." : null;
        }
        catch (AgentException)
        {
            // The release's own steps ask again, and wait for the agent.
            return null;
        }
    }
}
