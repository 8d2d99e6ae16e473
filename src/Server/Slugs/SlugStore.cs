using System.Collections.Immutable;

namespace Sluice.Slugs;

/// <summary>
/// Slugs on disk, content-addressed: manifests named by digest, objects by the SHA-256 of their bytes and their executable bit. Lives in the agent. Every
/// method may be repeated; a kill between any two steps leaves the whole slug or none.
/// </summary>
public sealed class SlugStore(DataFolder data)
{
    private readonly DataFolder data = data;

    /// <summary>Makes a slug of a tree by hashing each file and renaming it into the store (the tree is used up). No process may still hold files of it open.</summary>
    public Task<SlugMade> PutAsync(string tree, string stack, CancellationToken ct) => throw new NotImplementedException();

    /// <summary>Makes a slug of an uploaded tar, plain or gzip, by walking it ourselves; every hostile name is refused and nothing written.</summary>
    public Task<SlugMade> ImportAsync(string archive, string stack, CancellationToken ct) => throw new NotImplementedException();

    /// <summary>The slug as a gzipped tar with files under <c>./app/</c>, always the same bytes for the same slug.</summary>
    public Task ExportAsync(SlugDigest slug, Stream output, CancellationToken ct) => throw new NotImplementedException();

    /// <summary>Path of the read-only tree of hard links, made on first use once per host. Verified against the manifest when it is made.</summary>
    public Task<string> LayOutAsync(SlugDigest slug, CancellationToken ct) => throw new NotImplementedException();

    /// <summary>Keeps a folder (a build cache) as hard links to store objects under a name, replacing what was there; the folder is used up.</summary>
    public Task KeepCacheAsync(string name, string folder, uint owner, CancellationToken ct) => throw new NotImplementedException();

    /// <summary>Lays a kept cache out into <paramref name="folder"/> as hard links, folders owned by <paramref name="owner"/>; empty when there is none.</summary>
    public Task LayOutCacheAsync(string name, string folder, uint owner, CancellationToken ct) => throw new NotImplementedException();

    /// <summary>Canonical manifest text; null when the store lacks that slug.</summary>
    public Task<string?> ManifestAsync(SlugDigest slug, CancellationToken ct) => throw new NotImplementedException();

    /// <summary>Removes every slug that is not in <paramref name="keep"/> and every object that no kept manifest or cache names. Returns bytes freed.</summary>
    public Task<long> CollectAsync(ImmutableHashSet<SlugDigest> keep, CancellationToken ct) => throw new NotImplementedException();
}
