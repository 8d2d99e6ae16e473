using Sluice.Runtime;

namespace Sluice.Slugs;

/// <summary>Whether a slug's files are there before something is promised that needs them.</summary>
public sealed class SlugPresence(SlugCatalog slugs, SlugClient agent)
{
    /// <summary>Null when they are, or when the agent is away and cannot say; else the rest of a sentence that begins with "its slug".</summary>
    public async Task<string?> LackAsync(SlugId slug, CancellationToken ct)
    {
        var known = await slugs.FindAsync(slug, ct);
        if (known is not { Digest: { } digest })
            return known?.CollectedAt is null ? "has no files yet" : "is no longer kept";
        try
        {
            return await agent.LackAsync(digest, ct);
        }
        catch (AgentException)
        {
            // The release's own steps ask again, and wait for the agent.
            return null;
        }
    }
}
